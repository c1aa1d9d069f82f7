import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from '@rollcall/server'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startServer } from './support/server'
import { RawPeer } from './support/stranger'

/* Requests that cost much, or come in great numbers, over real sockets. */

const POLL = '/socket/longpoll?vsn=2.0.0'
const eventually = (holds: () => void) => vi.waitFor(holds, { timeout: 8000, interval: 5 })

function production(options: Parameters<typeof startServer>[0] = {}) {
  const authenticate = () => ({ id: 'ada' })
  return startServer({ mode: 'production', authenticate, ...options })
}

/** The statuses of all responses so far. */
const statuses = ({ text }: RawPeer) =>
  [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))

/** Sends a text on a connection of its own, and resolves once the server has closed it. */
async function closedAfter(port: number, text: string): Promise<RawPeer> {
  const peer = await RawPeer.connect(port)
  peer.socket.write(text)
  await eventually(() => expect(peer.isClosed).toBe(true))
  return peer
}

/** A long poll's session. */
async function beginPoll(port: number) {
  const { token } = (await (await fetch(`http://127.0.0.1:${port}${POLL}`)).json()) as { token: string }
  return `${POLL}&token=${token}`
}

describe.each([
  ['with an unknown expectation', 417, 'Host: x\r\nExpect: x\r\n'],
  ['without Host', 400, ''],
])('[S-105] requests %s', (_which, status, headers) => {
  const request = `GET / HTTP/1.1\r\n${headers}\r\n`

  test('close the connection, and count towards the rate of their address', async () => {
    const { port } = await production({
      admission: { requestsPerSecondPerAddress: 0.001, requestBurstPerAddress: 2 },
    })
    const seen: number[] = []
    for (let i = 0; i < 3; i++) {
      const peer = await closedAfter(port, request)
      expect(peer.text).toContain('Connection: close')
      seen.push(...statuses(peer))
    }
    expect(seen).toEqual([status, status, 429])
  })

  test('count towards those that wait on their connection', async () => {
    const { port } = await production({ http: { maxPipelined: 4 } })
    const peer = await closedAfter(port, request.repeat(500))
    expect(statuses(peer).length).toBeLessThanOrEqual(4)
  })
})

describe('[S-106] a request with a body that nobody reads', () => {
  const chunked = 'Host: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n'

  test.each([
    ['GET', '/healthz'],
    ['PUT', '/'],
    ['OPTIONS', POLL],
    ['DELETE', POLL],
    ['GET', POLL],
    ['POST', POLL],
  ])('%s %s is answered, and its connection closes', async (method, path) => {
    const { port } = await production()
    const peer = await closedAfter(port, `${method} ${path} HTTP/1.1\r\n${chunked}`)
    expect(statuses(peer)).toHaveLength(1)
    expect(peer.text).toContain('Connection: close')
  })

  test('of a given length has its connection closed too, and one of no length has not', async () => {
    const { port } = await production()
    const closed = await closedAfter(port, 'GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n')
    expect(closed.text).toContain('Connection: close')
    const peer = await RawPeer.connect(port)
    for (const count of [1, 2]) {
      peer.socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
      await eventually(() => expect(statuses(peer)).toEqual(Array(count).fill(200)))
    }
  })

  test('is left unread on an HTTP server of yours where it is a long poll', async () => {
    const http = createHttpServer((request, response) => void rollcall.handleRequest(request, response))
    const rollcall = createServer({ server: http, mode: 'production', authenticate: () => ({ id: 'ada' }) })
    onTestFinished(async () => {
      await rollcall.close()
      http.close()
    })
    await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve))
    const { port } = http.address() as AddressInfo
    const peer = await closedAfter(port, `OPTIONS ${POLL} HTTP/1.1\r\n${chunked}`)
    expect(peer.text).toContain('Connection: close')
  })

  test('is told from a post of an open long poll, whose connection stays', async () => {
    const { port } = await production()
    const path = await beginPoll(port)
    const peer = await RawPeer.connect(port)
    const body = '[null,"1","phoenix","heartbeat",{}]'
    for (const count of [1, 2]) {
      peer.socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
      await eventually(() => expect(statuses(peer)).toEqual(Array(count).fill(200)))
      expect(peer.isClosed).toBe(false)
    }
  })
})

describe('[S-107] a large request', () => {
  test.each(['/healthz', POLL])('for %s counts as many', async (path) => {
    const { port } = await production({
      admission: { requestsPerSecondPerAddress: 0.001, requestBurstPerAddress: 20 },
    })
    const large = `GET ${path} HTTP/1.1\r\nHost: x\r\nCookie: ${'x'.repeat(15_000)}\r\n\r\n`
    const peer = await RawPeer.connect(port)
    peer.socket.write(large)
    await eventually(() => expect(statuses(peer)).toEqual([200]))
    peer.socket.write(large)
    await eventually(() => expect(statuses(peer)).toEqual([200, 429]))
  })

  test('with thousands of query parameters is refused, a handshake too', async () => {
    const { port } = await production()
    const query = 'a&'.repeat(5000)
    const answer = await fetch(`http://127.0.0.1:${port}${POLL}&${query}`)
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: 'too_many_params' }])
    const peer = await RawPeer.connect(port)
    peer.shake(`/socket?${query}`, 'AAAAAAAAAAAAAAAAAAAAAA==')
    await eventually(() => expect(peer.text).toContain('too_many_params'))
  })
})

describe('[S-108] a post of a long poll', () => {
  const chunks = (count: number, text: string) => `${text.length.toString(16)}\r\n${text}\r\n`.repeat(count)
  const post = (path: string) => `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`

  test('in chunks of a byte is refused after the first of them', async () => {
    const { port } = await production()
    // The body does not end: the server must not wait for its end.
    const peer = await closedAfter(port, post(await beginPoll(port)) + chunks(5000, ' '))
    expect(statuses(peer)).toEqual([413])
    expect(peer.text).toContain('fewer pieces')
  })

  test('in as many chunks of a fair size is taken', async () => {
    const { port } = await production()
    const peer = await RawPeer.connect(port)
    const start = `[null,"1","phoenix","heartbeat",{"x":"`
    const parts = [start, ...Array(100).fill('y'.repeat(200)), '"}]']
    const body = parts.map((part) => chunks(1, part)).join('')
    peer.socket.write(`${post(await beginPoll(port))}${body}0\r\n\r\n`)
    await eventually(() => expect(peer.text).toContain('{"status":200}'))
  })
})
