import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo, NetConnectOpts } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Authenticate, createServer, type ServerOptions } from '@rollcall/server'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startServer } from './support/server'
import { enter, RawPeer } from './support/stranger'

/* Who is let in, before anybody is asked who they are. */

const authenticate: Authenticate = ({ params }) => ({ id: params.get('user_id') ?? 'nobody' })
const inProduction = (options: ServerOptions = {}) =>
  startServer({ mode: 'production', authenticate, ...options })
const key = () => randomBytes(16).toString('base64')
const eventually = (holds: () => void | Promise<void>) => vi.waitFor(holds, { timeout: 8000, interval: 5 })

/** A request of Phoenix's long poll. */
function poll(port: number, origin?: string, method = 'GET'): Promise<Response> {
  const headers = origin === undefined ? {} : { Origin: origin }
  return fetch(`http://127.0.0.1:${port}/socket/longpoll?vsn=2.0.0&user_id=ada`, { method, headers })
}

/** A TCP connection that has asked for something, once it has an answer or has been cut off. */
async function askForHealth(port: number, options: Partial<NetConnectOpts> = {}): Promise<RawPeer> {
  const peer = await RawPeer.connect(port, options)
  peer.socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
  await eventually(() => expect(peer.text !== '' || peer.isClosed).toBe(true))
  return peer
}

describe('[S-35] the origin of a page', () => {
  test('in production is the server’s own, unless the option says otherwise', async () => {
    const { port } = await inProduction()
    const own = await enter(port, 'ada', { origin: `https://127.0.0.1:${port}` })
    expect(own.status).toBe(101)
    const foreign = await enter(port, 'ada', { origin: 'https://evil.example' })
    expect(foreign.status).toBe(403)
    expect(foreign.body).toMatchObject({
      error: 'origin_not_allowed',
      message: expect.stringContaining('allowedOrigins'),
    })
    expect((await enter(port, 'ada')).status).toBe(101)
  })

  test('is one of those allowed, and the same for a long poll', async () => {
    const { port } = await inProduction({ allowedOrigins: ['https://*.example.com'] })
    expect((await enter(port, 'ada', { origin: 'https://app.example.com' })).status).toBe(101)
    expect((await enter(port, 'ada', { origin: 'https://example.org' })).status).toBe(403)

    const allowed = await poll(port, 'https://app.example.com')
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
    expect(allowed.headers.get('vary')).toBe('Origin')
    expect(await allowed.json()).toMatchObject({ status: 410, token: expect.any(String) })
    const foreign = await poll(port, 'https://example.org')
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull()
    expect(await foreign.json()).toMatchObject({ status: 403, error: 'origin_not_allowed' })
    const preflight = await poll(port, 'https://example.org', 'OPTIONS')
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
    expect(preflight.headers.get('access-control-allow-methods')).toBeNull()
    expect(await (await poll(port)).json()).toMatchObject({ status: 410 })
  })

  test('keeps a page of another site from what a long poll has begun', async () => {
    const { port } = await inProduction({ allowedOrigins: ['https://app.example.com'] })
    const { token } = await (await poll(port, 'https://app.example.com')).json()
    const url = `http://127.0.0.1:${port}/socket/longpoll?vsn=2.0.0&token=${token}`
    const init = { method: 'POST', body: '["1","1","room:lobby","phx_join",{}]' }
    const foreign = await fetch(url, { ...init, headers: { Origin: 'https://evil.example' } })
    expect(await foreign.json()).toMatchObject({ status: 403 })
    const own = await fetch(url, { ...init, headers: { Origin: 'https://app.example.com' } })
    expect(await own.json()).toMatchObject({ status: 200 })
  })

  test('in development is any', async () => {
    const { port } = await startServer()
    expect((await enter(port, 'ada', { origin: 'https://evil.example' })).status).toBe(101)
    expect((await poll(port, 'https://evil.example')).headers.get('access-control-allow-origin')).toBe('*')
  })
})

describe('[S-35] one address', () => {
  const admission = { maxPerAddress: 2 }

  test('has so many connections in production, long polls too, and others have theirs', async () => {
    const server = await inProduction({ admission })
    const { port } = server
    const first = await enter(port, 'ada', { localAddress: '127.0.0.2' })
    await enter(port, 'ben', { localAddress: '127.0.0.2' })
    const third = await enter(port, 'cem', { localAddress: '127.0.0.2' })
    expect(third).toMatchObject({ status: 429, body: { error: 'too_many_connections' } })
    expect(third.body.message).toContain('admission.maxPerAddress')
    expect(Number(third.headers['retry-after'])).toBeGreaterThanOrEqual(1)
    expect((await enter(port, 'dan', { localAddress: '127.0.0.3' })).status).toBe(101)

    expect(await (await poll(port)).json()).toMatchObject({ status: 410 })
    expect((await enter(port, 'eva')).status).toBe(101)
    const polled = await poll(port)
    expect(await polled.json()).toMatchObject({ status: 500, error: 'too_many_connections' })
    expect(Number(polled.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)

    first.peer?.socket.close()
    await eventually(() => expect(server.connectionCount).toBe(4))
    expect((await enter(port, 'cem', { localAddress: '127.0.0.2' })).status).toBe(101)
  })

  test('has any number in development', async () => {
    const { port } = await startServer({ admission })
    const entries = await Promise.all(['a', 'b', 'c', 'd'].map((id) => enter(port, id)))
    expect(entries.map(({ status }) => status)).toEqual([101, 101, 101, 101])
  })

  test('is the client’s where its proxy is trusted, and is told to authenticate', async () => {
    const seen: string[] = []
    const remembering: Authenticate = (handshake) => {
      seen.push(handshake.remoteAddress)
      return authenticate(handshake)
    }
    const options = { admission: { maxPerAddress: 1 }, authenticate: remembering }
    const behind = await inProduction({ ...options, trustProxy: ['loopback'] })
    const from = (address: string) => ({ headers: { 'X-Forwarded-For': `9.9.9.9, ${address}` } })
    expect((await enter(behind.port, 'ada', from('192.0.2.7'))).status).toBe(101)
    expect((await enter(behind.port, 'ben', from('192.0.2.8'))).status).toBe(101)
    expect((await enter(behind.port, 'cem', from('192.0.2.7'))).status).toBe(429)
    expect((await enter(behind.port, 'cem', from('2001:db8::1'))).status).toBe(101)
    expect((await enter(behind.port, 'dan', from('2001:db8::2'))).status).toBe(429)
    expect(seen).toEqual(['192.0.2.7', '192.0.2.8', '2001:db8::1'])

    const alone = await inProduction(options)
    expect((await enter(alone.port, 'ada', from('192.0.2.7'))).status).toBe(101)
    expect((await enter(alone.port, 'ben', from('192.0.2.8'))).status).toBe(429)
    expect(seen.at(-1)).toBe('127.0.0.1')
  })

  test('of a proxy that is trusted stands for many, by TCP, too', async () => {
    const admission = { maxPerAddress: 2, maxPendingPerAddress: 2 }
    const { port } = await inProduction({ admission, trustProxy: ['loopback'] })
    const peers = await Promise.all(Array.from({ length: 9 }, () => RawPeer.connect(port)))
    for (const { socket } of peers) socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    await eventually(() => {
      for (const { text } of peers) expect(text).toContain('200 OK')
    })
  })

  test('[S-97] that asks too often is told so, whatever for, and keeps nobody else out', async () => {
    const often = { requestsPerSecondPerAddress: 0.01, requestBurstPerAddress: 3 }
    const { port } = await inProduction({ admission: often, trustProxy: ['loopback'] })
    const ask = async (path: string, address: string) => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        headers: { 'x-forwarded-for': address },
      })
      return {
        status: answer.status,
        retryAfter: answer.headers.get('retry-after'),
        body: await answer.json(),
      }
    }
    const paths = ['/', '/healthz', '/nothing', '/socket/longpoll?vsn=2.0.0', '/healthz']
    const answers = []
    for (const path of paths) answers.push(await ask(path, '192.0.2.7'))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 429, 429])
    // Phoenix's client goes by the status in the body, and comes back after 500.
    expect(answers[3]?.body).toMatchObject({ status: 500, error: 'too_many_requests' })
    expect(answers.slice(3).every(({ retryAfter }) => Number(retryAfter) > 0)).toBe(true)
    expect(await ask('/healthz', '192.0.2.8')).toMatchObject({ status: 200 })
    expect((await enter(port, 'ada')).status).toBe(101)
  })

  test('that shakes hands too often is told so, and keeps nobody else out', async () => {
    const often = { handshakesPerSecondPerAddress: 0.01, handshakeBurstPerAddress: 3 }
    const { port } = await inProduction({ admission: often })
    const statuses: number[] = []
    for (let i = 0; i < 6; i++) {
      const { peer, status } = await enter(port, 'ada', { localAddress: '127.0.0.2' })
      statuses.push(status)
      peer?.socket.terminate()
    }
    expect(statuses).toEqual([101, 101, 101, 429, 429, 429])
    expect((await enter(port, 'ben')).status).toBe(101)
  })
})

describe.each(['development', 'production'] as const)('[S-35] in all, in %s', (mode) => {
  test('so many are connected, and who is refused is told when to come back', async () => {
    const server = await inProduction({ mode, admission: { maxConnections: 2 } })
    const first = await enter(server.port, 'ada')
    await enter(server.port, 'ben')
    const third = await enter(server.port, 'cem')
    expect(third).toMatchObject({ status: 503, body: { error: 'server_full' } })
    expect(['1', '2', '3', '4', '5']).toContain(third.headers['retry-after'])
    first.peer?.socket.terminate()
    await eventually(() => expect(server.connectionCount).toBe(1))
    expect((await enter(server.port, 'cem')).status).toBe(101)
  })

  test('so many come in a second', async () => {
    const admission = { handshakesPerSecond: 0.01, handshakeBurst: 2 }
    const { port } = await inProduction({ mode, admission })
    const statuses = []
    for (const id of ['a', 'b', 'c']) statuses.push((await enter(port, id)).status)
    expect(statuses).toEqual([101, 101, 503])
  })

  test('a TCP connection that says nothing, or not all, ends by itself', async () => {
    const http = { headersTimeoutMs: 200, requestTimeoutMs: 400 }
    const { port } = await inProduction({ mode, http })
    const silent = await RawPeer.connect(port)
    const half = await RawPeer.connect(port)
    half.socket.write('GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Sl')
    const { token } = await (await poll(port)).json()
    const body = await RawPeer.connect(port)
    body.socket.write(
      `POST /socket/longpoll?vsn=2.0.0&token=${token} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n["1"`,
    )
    await eventually(() => expect([silent, half, body].map(({ isClosed }) => isClosed)).not.toContain(false))
  })
})

describe('[S-35] in production', () => {
  test('so many TCP connections are without a request; the newest get through', async () => {
    const admission = { maxPending: 20, maxPendingPerAddress: 1000 }
    const { port } = await inProduction({ admission })
    const silent = await Promise.all(Array.from({ length: 60 }, () => RawPeer.connect(port)))
    await eventually(() => expect(silent.filter(({ isClosed }) => !isClosed)).toHaveLength(20))
    expect((await enter(port, 'ada')).status).toBe(101)
    expect(await (await fetch(`http://127.0.0.1:${port}/healthz`)).json()).toEqual({ status: 'ok' })
  })

  test('and who has sent a request, or shaken hands, is not taken for one of them', async () => {
    const admission = { maxPending: 10, maxPendingPerAddress: 10 }
    const { port } = await inProduction({ admission, http: { keepAliveTimeoutMs: 60_000 } })
    const ada = await enter(port, 'ada')
    const idle = await RawPeer.connect(port)
    idle.socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    await eventually(() => expect(idle.text).toContain('200 OK'))
    const silent = await Promise.all(Array.from({ length: 30 }, () => RawPeer.connect(port)))
    await eventually(() => expect(silent.filter(({ isClosed }) => !isClosed)).toHaveLength(10))
    expect([idle.isClosed, ada.peer?.closed]).toEqual([false, null])
  })

  test('and in development any number of them, for a load from one process', async () => {
    const { port } = await startServer({ admission: { maxPending: 1, maxPendingPerAddress: 1 } })
    const peers = await Promise.all(Array.from({ length: 30 }, () => RawPeer.connect(port)))
    for (const { socket } of peers) socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    await eventually(() => {
      for (const { text } of peers) expect(text).toContain('200 OK')
    })
  })
})

test('[S-9] of large posts there are so many at a time, and small ones come through', async () => {
  const { port } = await inProduction({ longPoll: { maxHeldBytes: 10_000 } })
  const { token } = await (await poll(port)).json()
  const post = (bytes: number) =>
    fetch(`http://127.0.0.1:${port}/socket/longpoll?vsn=2.0.0&token=${token}`, {
      method: 'POST',
      body: ' '.repeat(bytes),
    })
  const refused = await post(100_000)
  expect(await refused.json()).toMatchObject({
    status: 503,
    error: 'busy',
    message: expect.stringContaining('longPoll.maxHeldBytes'),
  })
  expect(refused.headers.get('retry-after')).toBe('1')
  expect(await (await post(60_000)).json()).toMatchObject({ status: 200 })
})

describe('[S-35] one address, by TCP,', () => {
  test('has so many TCP connections without a request, of which the oldest is cut off', async () => {
    const { port } = await inProduction({ admission: { maxPending: 1000, maxPendingPerAddress: 10 } })
    const other = await RawPeer.connect(port, { localAddress: '127.0.0.3' })
    const flood: RawPeer[] = []
    for (let i = 0; i < 40; i++) flood.push(await RawPeer.connect(port, { localAddress: '127.0.0.2' }))
    await eventually(() => expect(flood.filter(({ isClosed }) => !isClosed)).toHaveLength(10))
    expect(flood.slice(30).map(({ isClosed }) => isClosed)).not.toContain(true)
    expect(other.isClosed).toBe(false)
  })

  test('has so many TCP connections that are no WebSockets, whatever they have asked for', async () => {
    const { port } = await inProduction({
      admission: { maxPerAddress: 3 },
      http: { keepAliveTimeoutMs: 60_000 },
    })
    // These are none of them.
    for (const id of ['a', 'b', 'c']) await enter(port, id, { localAddress: '127.0.0.2' })
    const ask = () => askForHealth(port, { localAddress: '127.0.0.2' })
    const idle: RawPeer[] = []
    for (let i = 0; i < 12; i++) idle.push(await ask())
    expect(idle.map(({ text }) => text.includes('200 OK'))).toEqual(idle.map((_, i) => i < 6))
    expect((await enter(port, 'ada', { localAddress: '127.0.0.3' })).status).toBe(101)
    idle[0]?.socket.destroy()
    await eventually(async () => expect((await ask()).text).toContain('200 OK'))
  })
})

describe('[S-35] a handshake', () => {
  test('has so many headers, and is refused with one more', async () => {
    const { port } = await inProduction({ http: { maxHeaders: 20 } })
    for (const [count, status] of [
      [20, '101'],
      [21, '431'],
    ] as const) {
      const peer = await RawPeer.connect(port)
      // Six are the handshake's own.
      peer.shake('/socket?user_id=ada', key(), ...Array.from({ length: count - 6 }, (_, i) => `X-${i}: x`))
      await eventually(() => expect(peer.text).toContain(`HTTP/1.1 ${status} `))
    }
  })

  test('whose headers are too large is answered with 431', async () => {
    const { port } = await inProduction({ http: { maxHeaderBytes: 4096 } })
    const large = await RawPeer.connect(port)
    large.shake('/socket?user_id=ada', key(), `X-Large: ${'x'.repeat(5000)}`)
    await eventually(() => expect(large.text).toContain('431'))
    await eventually(() => expect(large.isClosed).toBe(true))
  })

  test('that is refused ends, though the peer keeps its half open', async () => {
    // At once, and not only when the time for a goodbye is over.
    const { port } = await inProduction({ closeTimeoutMs: 600_000 })
    const peer = await RawPeer.connect(port, { allowHalfOpen: true })
    peer.shake('/socket', key(), 'Origin: https://evil.example')
    await eventually(() => expect(peer.text).toContain('403'))
    // Whoever writes to a socket that is gone is told so.
    await eventually(() => {
      peer.socket.write('still here')
      expect(peer.isClosed).toBe(true)
    })
  })

  test('that is wrong for ws itself gives its seat back', async () => {
    const { port } = await inProduction({ admission: { maxConnections: 1 } })
    const wrong = await RawPeer.connect(port)
    wrong.shake('/socket?user_id=ada', 'no key')
    await eventually(() => expect(wrong.text).toContain('400'))
    expect((await enter(port, 'ada')).status).toBe(101)
  })

  test('whose client goes while it is found out who it is gives its seat back', async () => {
    const waiting: (() => void)[] = []
    const slowly: Authenticate = async (handshake) => {
      await new Promise<void>((resolve) => waiting.push(resolve))
      return authenticate(handshake)
    }
    const server = await inProduction({ authenticate: slowly, admission: { maxConnections: 1 } })
    const gone = await RawPeer.connect(server.port)
    gone.shake('/socket?user_id=ada', key())
    await eventually(() => expect(waiting).toHaveLength(1))
    gone.socket.resetAndDestroy()
    expect((await enter(server.port, 'ben')).status).toBe(503)
    waiting[0]?.()
    await eventually(() => expect(server.connectionCount).toBe(0))
    const second = RawPeer.connect(server.port)
    ;(await second).shake('/socket?user_id=ben', key())
    await eventually(() => expect(waiting).toHaveLength(2))
    waiting[1]?.()
    await eventually(() => expect(server.connectionCount).toBe(1))
  })

  test('at an HTTP server of one’s own is bounded in the same way', async () => {
    const http = createHttpServer()
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    const options = { mode: 'production', authenticate, admission: { maxPerAddress: 1 } } as const
    const server = createServer({ server: http, logger: silent, ...options })
    onTestFinished(async () => {
      await server.close()
      http.close()
    })
    const { port } = http.address() as AddressInfo
    expect((await enter(port, 'ada')).status).toBe(101)
    expect((await enter(port, 'ben')).status).toBe(429)
    expect((await enter(port, 'ben', { origin: 'https://evil.example' })).status).toBe(403)
  })
})

describe('[S-35] a TCP connection ends by itself', () => {
  const never = 600_000

  test('where the headers of its request do not come, however long a request may take', async () => {
    const { port } = await inProduction({ http: { headersTimeoutMs: 200, requestTimeoutMs: never } })
    const half = await RawPeer.connect(port)
    half.socket.write('GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Sl')
    await eventually(() => expect(half.isClosed).toBe(true))
  })

  test('where there are so many in all, whatever they have asked for', async () => {
    const { port } = await inProduction({
      admission: { maxConnections: 1, maxPending: 1 },
      http: { keepAliveTimeoutMs: 60_000 },
    })
    const idle: RawPeer[] = []
    // Two for each WebSocket that there may be, and one that has not said yet what it is.
    for (let i = 0; i < 5; i++) idle.push(await askForHealth(port))
    expect(idle.map(({ text }) => text.includes('200 OK'))).toEqual([true, true, true, false, false])
    idle[0]?.socket.destroy()
    await eventually(async () => expect((await askForHealth(port)).text).toContain('200 OK'))
  })

  test('where nobody reads what it answers', async () => {
    const page = mkdtempSync(join(tmpdir(), 'rollcall-page-'))
    onTestFinished(() => rmSync(page, { recursive: true }))
    writeFileSync(join(page, 'index.html'), '')
    // More than the two ends hold for each other.
    writeFileSync(join(page, 'large.bin'), '')
    truncateSync(join(page, 'large.bin'), 64 * 1024 * 1024)
    const { port } = await inProduction({
      page,
      admission: { maxPerAddress: 1 },
      http: { silenceTimeoutMs: 200 },
      longPoll: { windowMs: 50 },
    })
    // These are all that an address may have.
    for (let i = 0; i < 2; i++) {
      const { socket } = await RawPeer.connect(port)
      socket.pause()
      socket.write('GET /large.bin HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    }
    await eventually(async () => {
      const third = await askForHealth(port)
      expect(third.text).toContain('200 OK')
    })
  })
})

const silent = { debug() {}, info() {}, warn() {}, error() {} }

describe('[S-45] behind a proxy', () => {
  /** Sends as many headers as a client likes, and then what its proxy adds. */
  async function through(port: number, junk: number): Promise<RawPeer> {
    const peer = await RawPeer.connect(port)
    const headers = Array.from({ length: junk }, (_, i) => `A-${i}: y`)
    peer.shake('/socket', key(), ...headers, 'X-Forwarded-For: 192.0.2.7')
    await eventually(() => expect(peer.text).toContain('HTTP/1.1 '))
    return peer
  }

  test('no number of headers makes a client count as the proxy', async () => {
    const addresses: string[] = []
    const { port } = await inProduction({
      trustProxy: ['127.0.0.1'],
      authenticate: ({ remoteAddress }) => {
        addresses.push(remoteAddress)
        return { id: 'ada' }
      },
    })
    // Six are the handshake's own, one is the proxy's.
    for (const junk of [0, 92, 93]) expect((await through(port, junk)).text).toContain(' 101 ')
    for (const junk of [94, 95, 150, 900]) {
      const { text } = await through(port, junk)
      expect(text).toContain('HTTP/1.1 431 ')
      expect(text).toContain('too_many_headers')
    }
    expect(addresses).toEqual(['192.0.2.7', '192.0.2.7', '192.0.2.7'])
  })

  test('a request for the page with too many is refused, too', async () => {
    const { port } = await inProduction()
    const peer = await RawPeer.connect(port)
    const headers = Array.from({ length: 100 }, (_, i) => `A-${i}: y`)
    peer.socket.write(['GET / HTTP/1.1', 'Host: x', ...headers, '', ''].join('\r\n'))
    await eventually(() => expect(peer.isClosed).toBe(true))
    expect(peer.text).toContain('HTTP/1.1 431 ')
    expect(peer.text).toContain('nosniff')
  })
})
