import { once } from 'node:events'
import { createServer as createHttpServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from '@rollcall/server'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { connect, refusedHandshake } from './support/peer'
import { rollcall } from './support/speakers'
import { RawPeer } from './support/stranger'

async function listen(http: Server): Promise<number> {
  onTestFinished(() => void http.close())
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return (http.address() as AddressInfo).port
}

test('an existing HTTP server gets presence, and keeps its own pages', async () => {
  const http = createHttpServer((_request, response) => response.end('mine'))
  const server = createServer({ server: http })
  const port = await listen(http)
  const guest = await rollcall.speak(port, 'ada')
  expect((await guest.ask('room:lobby', 'phx_join', { meta: {} })).status).toBe('ok')
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('mine')
  expect(server.address().port).toBe(port)

  await server.close()
  expect((await guest.peer.whenClosed()).code).toBe(1012)
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('mine')
})

test('upgrades that are none of ours are left to the others, and refused where there are none', async () => {
  const http = createHttpServer()
  const server = createServer({ server: http })
  onTestFinished(() => server.close())
  const port = await listen(http)
  expect((await refusedHandshake(`ws://127.0.0.1:${port}/hot-reload`)).status).toBe(404)

  const others = vi.fn((_request: unknown, socket: { end(text: string): void }) =>
    socket.end('HTTP/1.1 418 Mine\r\n\r\n'),
  )
  http.on('upgrade', (request, socket) => {
    if (request.url === '/hot-reload') others(request, socket)
  })
  expect((await refusedHandshake(`ws://127.0.0.1:${port}/hot-reload`)).status).toBe(418)
  expect(others).toHaveBeenCalledOnce()
  await connect(`ws://127.0.0.1:${port}/socket`, 'rollcall.v1')
})

test('production without a way to tell who connects takes nobody', async () => {
  const http = createHttpServer()
  const server = createServer({
    server: http,
    mode: 'production',
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  })
  onTestFinished(() => server.close())
  const port = await listen(http)
  expect(await refusedHandshake(`ws://127.0.0.1:${port}/socket`, 'rollcall.v1')).toMatchObject({
    status: 401,
    // As RFC 9110, 11.6.1 wants it.
    headers: { 'www-authenticate': 'Bearer' },
  })
})

test('a server that listens by itself refuses to do so insecurely, or twice, or on a port that is taken', async () => {
  const insecure = createServer({ mode: 'production', port: 0 })
  await expect(insecure.listen()).rejects.toMatchObject({ code: 'insecure_configuration' })
  const server = createServer({ port: 0, mode: 'production', allowAnonymous: true })
  onTestFinished(() => server.close())
  const { port } = await server.listen()
  await expect(server.listen()).rejects.toMatchObject({ code: 'already_listening' })
  const second = createServer({ port, mode: 'production', allowAnonymous: true })
  await expect(second.listen()).rejects.toMatchObject({ code: 'listen_failed' })
  await second.close()
  await insecure.close()
})

const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const key = 'dGhlIHNhbXBsZSBub25jZQ=='

describe('[S-46] on one HTTP server', () => {
  test('a second Rollcall server is refused, and welcome once the first has closed', async () => {
    const http = createHttpServer()
    const first = createServer({ server: http })
    expect(() => createServer({ server: http })).toThrow(
      expect.objectContaining({ code: 'already_attached', message: expect.stringContaining('hot reload') }),
    )
    const closed = first.close()
    const second = createServer({ server: http })
    onTestFinished(() => second.close())
    await closed
    expect(() => createServer({ server: http })).toThrow(
      expect.objectContaining({ code: 'already_attached' }),
    )
    const port = await listen(http)
    const guest = await rollcall.speak(port, 'ada')
    expect((await guest.ask('room:lobby', 'phx_join', { meta: {} })).status).toBe('ok')
  })

  test('a server that could not be made leaves the place free', () => {
    const http = createHttpServer()
    expect(() => createServer({ server: http, trustProxy: ['nonsense'] })).toThrow()
    const server = createServer({ server: http })
    onTestFinished(() => server.close())
  })

  test.each(['before', 'after'])(
    'a handshake that a listener attached %s us has answered is left to it, with a warning',
    async (when) => {
      const http = createHttpServer()
      const greedy = () => {
        const wss = new WebSocketServer({ server: http })
        wss.on('connection', (socket) => socket.send('mine'))
      }
      if (when === 'before') greedy()
      const warn = vi.fn()
      const server = createServer({ server: http, logger: { ...quiet, warn } })
      onTestFinished(() => server.close())
      if (when === 'after') greedy()
      const port = await listen(http)
      const peer = await RawPeer.connect(port)
      peer.shake('/socket', key)
      await vi.waitFor(() => expect(peer.text).toContain('mine'))
      expect(peer.text.match(/HTTP\/1\.1/g)).toHaveLength(1)
      expect(server.connectionCount).toBe(0)
      expect(warn.mock.calls.map(([{ reason }]) => reason)).toContain('answered_by_others')
    },
  )

  test('a connection that had answers to earlier requests may be upgraded', async () => {
    const http = createHttpServer((_request, response) => response.end('mine'))
    const server = createServer({ server: http })
    onTestFinished(() => server.close())
    const peer = await RawPeer.connect(await listen(http))
    peer.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await vi.waitFor(() => expect(peer.text).toContain('mine'))
    peer.shake('/socket', key)
    await vi.waitFor(() => expect(peer.text).toContain('101 Switching Protocols'))
  })

  test('ws beside us has its own path, where it asks for it in a listener of its own', async () => {
    const http = createHttpServer()
    const wss = new WebSocketServer({ noServer: true })
    wss.on('connection', (socket) => socket.send('mine'))
    http.on('upgrade', (request, socket, head) => {
      if (request.url === '/mine')
        wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws))
    })
    const server = createServer({ server: http })
    onTestFinished(() => server.close())
    const port = await listen(http)
    const peer = await RawPeer.connect(port)
    peer.shake('/mine', key, 'Sec-WebSocket-Protocol: mine')
    await vi.waitFor(() => expect(peer.text).toContain('mine'))
    await connect(`ws://127.0.0.1:${port}/socket`, 'rollcall.v1')
  })

  test('an upgrade that nobody answers is cut off in time, and so are those that are too many', async () => {
    const http = createHttpServer()
    const server = createServer({
      server: http,
      mode: 'production',
      allowAnonymous: true,
      logger: quiet,
      http: { upgradeTimeoutMs: 1000 },
      admission: { maxPendingPerAddress: 2 },
    })
    onTestFinished(() => server.close())
    http.on('upgrade', () => {})
    const port = await listen(http)
    const peers: RawPeer[] = []
    for (let i = 0; i < 4; i++) {
      const peer = await RawPeer.connect(port)
      peer.shake('/nowhere', key)
      peers.push(peer)
      await vi.waitFor(() =>
        expect(peers.filter(({ isClosed }) => !isClosed)).toHaveLength(Math.min(i + 1, 2)),
      )
    }
    await vi.waitFor(() => expect(peers.every(({ isClosed }) => isClosed)).toBe(true), 5000)
    expect(peers.map(({ text }) => text)).toEqual(['', '', '', ''])
  })
})

test('[S-93] close() cuts off the upgrades that nobody answered, and the HTTP server can close', async () => {
  const http = createHttpServer()
  const server = createServer({ server: http, logger: quiet })
  const heard = vi.fn()
  http.on('upgrade', heard)
  const port = await listen(http)
  const peer = await RawPeer.connect(port)
  peer.shake('/nowhere', key)
  await vi.waitFor(() => expect(heard).toHaveBeenCalled())
  await server.close()
  const closed = once(http, 'close')
  http.close()
  await closed
  expect(peer.text).toBe('')
})

test('[S-45] a request of which the HTTP server drops headers is refused with 431', async () => {
  const http = createHttpServer((request, response) => void server.handleRequest(request, response))
  http.maxHeadersCount = 20
  const server = createServer({ server: http, logger: quiet })
  onTestFinished(() => server.close())
  const port = await listen(http)
  const junk = Array.from({ length: 40 }, (_, i) => `A-${i}: y`)
  const peer = await RawPeer.connect(port)
  peer.shake('/socket', key, ...junk)
  await vi.waitFor(() => expect(peer.text).toContain('too_many_headers'))
  expect(peer.text).toContain('HTTP/1.1 431 ')
  const poll = await RawPeer.connect(port)
  poll.socket.write(['GET /socket/longpoll?vsn=2.0.0 HTTP/1.1', 'Host: x', ...junk, '', ''].join('\r\n'))
  await vi.waitFor(() => expect(poll.text).toContain('too_many_headers'))
})

describe('[S-79] an upgrade behind a request that is answered while the handshake is decided', () => {
  function deferred<T>() {
    let resolve: (value: T) => void = () => {}
    const promise = new Promise<T>((done) => {
      resolve = done
    })
    return { promise, resolve }
  }

  /** `authenticate` that says who it is once it may. */
  const slowly = () => {
    const asked = deferred<void>()
    const allowed = deferred<void>()
    const authenticate = async () => {
      asked.resolve()
      await allowed.promise
      return { id: 'mallory' }
    }
    return { asked, allowed, authenticate }
  }

  const upgrade = [
    'GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket',
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  ].join('\r\n')

  test('is cut off by a server that listens by itself', async () => {
    let slow: ReturnType<typeof slowly> | null = null
    const server = createServer({
      port: 0,
      logger: quiet,
      authenticate: () => slow?.authenticate() ?? { id: 'mallory' },
    })
    onTestFinished(() => server.close())
    const { port } = await server.listen()
    const path = '/socket/longpoll?vsn=2.0.0'
    const { token } = (await (await fetch(`http://127.0.0.1:${port}${path}`)).json()) as { token: string }
    slow = slowly()
    const peer = await RawPeer.connect(port)
    const ended = once(peer.socket, 'close')
    peer.socket.write(`GET ${path}&token=${token} HTTP/1.1\r\nHost: x\r\n\r\n${upgrade}`)
    await slow.asked.promise
    // Of two polls the earlier one is answered.
    void fetch(`http://127.0.0.1:${port}${path}&token=${token}`).catch(() => {})
    await vi.waitFor(() => expect(peer.text).toContain('204'))
    slow.allowed.resolve()
    await ended
    expect(peer.text.match(/HTTP\/1\.1/g)).toHaveLength(1)
  })

  test('is cut off on a server of yours on which nobody else listens for upgrades', async () => {
    const held = deferred<{ end(text: string): void }>()
    const http = createHttpServer((_request, response) => held.resolve(response))
    const slow = slowly()
    const server = createServer({ server: http, logger: quiet, authenticate: slow.authenticate })
    onTestFinished(() => server.close())
    const peer = await RawPeer.connect(await listen(http))
    const ended = once(peer.socket, 'close')
    peer.socket.write(`GET / HTTP/1.1\r\nHost: x\r\n\r\n${upgrade}`)
    await slow.asked.promise
    ;(await held.promise).end('mine')
    await vi.waitFor(() => expect(peer.text).toContain('mine'))
    slow.allowed.resolve()
    await ended
  })
})
