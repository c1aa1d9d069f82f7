import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { HandshakeError, type HandshakeRequest, type ServerOptions } from '@rollcall/server'
import { LongPoll } from 'phoenix'
import { describe, expect, onTestFinished, test } from 'vitest'
import { refusedHandshake } from '../support/peer'
import { startServer } from '../support/server'
import { answerTo, attend, connectSocket, eventually, joined, newSocket } from './support/client'
import { recordedChannel } from './support/recorded-channel'
import { TcpProxy } from './support/tcp-proxy'

/* The official client's Socket, unmodified: how it connects, what it is told, how it comes back. */

const start = (options: ServerOptions = {}) => startServer({ channels: [recordedChannel], ...options })

/** A server that remembers every handshake. */
async function startCurious(decide: (request: HandshakeRequest) => string) {
  const handshakes: HandshakeRequest[] = []
  const lines: string[] = []
  const log = (context: object, message: string) => void lines.push(JSON.stringify([context, message]))
  const server = await start({
    logger: { debug: log, info: log, warn: log, error: log },
    authenticate(request) {
      handshakes.push(request)
      return { id: decide(request) }
    },
  })
  return { server, handshakes, lines }
}

describe('connecting', () => {
  test('connect params reach authenticate and the channel', async () => {
    const { server, handshakes } = await startCurious(({ params }) => params.get('user_id') ?? '')
    const socket = newSocket(server.port, {
      params: () => ({ user_id: 'ada', 'odd name&': 'a=b c+d', n: 7 }),
    })
    socket.connect()
    const { attendance } = await attend(socket, 'room:lobby')
    expect(attendance.keys()).toEqual(['ada'])
    expect(Object.fromEntries(handshakes[0]!.params)).toEqual({
      user_id: 'ada',
      'odd name&': 'a=b c+d',
      n: '7',
      vsn: '2.0.0',
    })
    expect(handshakes[0]!.path).toBe('/socket/websocket')
    expect(handshakes[0]!.token).toBeNull()
  })

  test.each(['s3cret-token', 'a token with spaces, ümläuts and =+/', 'eyJh.eyJz.c2ln', 'x'])(
    'authToken %j reaches authenticate as the token, is answered with "phoenix", and is in no log',
    async (token) => {
      const { server, handshakes, lines } = await startCurious((request) => request.token ?? '')
      // A `/` in the base64 is no character of a subprotocol; a browser refuses to send it as well.
      const isSendable = !btoa(token).includes('/')
      if (!isSendable) return expect(() => newSocket(server.port, { authToken: token }).connect()).toThrow()
      const socket = await connectSocket(server.port, 'ignored', { authToken: () => token })
      await joined(socket, 'room:lobby')
      expect(handshakes[0]!.token).toBe(token)
      expect(handshakes[0]!.subprotocols).toEqual(['phoenix'])
      // @ts-expect-error its type does not know the transport instance
      expect(socket.conn.protocol).toBe('phoenix')
      expect(lines.join('\n')).not.toContain(token)
      expect(lines.join('\n')).not.toContain(btoa(token).replace(/=/g, ''))
    },
  )

  test('a token is also read from Authorization: Bearer', async () => {
    const { server, handshakes } = await startCurious((request) => request.token ?? 'nobody')
    const { WebSocket } = await import('ws')
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/socket/websocket`, {
      headers: { authorization: 'Bearer t0ken' },
    })
    onTestFinished(() => socket.terminate())
    await once(socket, 'open')
    expect(handshakes[0]!.token).toBe('t0ken')
  })

  test('authenticate may refuse by Origin', async () => {
    const { server } = await startCurious(({ headers }) => {
      if (headers.origin !== 'https://mine.example') throw new HandshakeError(403, 'Not from there.')
      return 'ada'
    })
    const { WebSocket } = await import('ws')
    const from = async (origin: string) => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}/socket/websocket?vsn=2.0.0`, { origin })
      onTestFinished(() => socket.terminate())
      socket.on('error', () => {})
      const refused = once(socket, 'unexpected-response').then(([, answer]) => answer.statusCode)
      return Promise.race([refused, once(socket, 'open').then(() => 101)])
    }
    expect([await from('https://mine.example'), await from('https://evil.example')]).toEqual([101, 403])
  })

  test('a refused connect is HTTP 403, an error to the client, and it goes on trying', async () => {
    const { server, handshakes } = await startCurious(({ params }) => {
      if (params.has('reject')) throw new HandshakeError(403, 'Not you.')
      return 'ada'
    })
    const socket = newSocket(server.port, { params: { reject: 1 } })
    const errors: unknown[] = []
    let closes = 0
    socket.onError((error) => void errors.push(error))
    socket.onClose(() => void closes++)
    socket.connect()
    await eventually(() => errors.length >= 3 && closes >= 3)
    expect(handshakes.length).toBeGreaterThanOrEqual(3)
    expect(socket.isConnected()).toBe(false)
    const url = `ws://127.0.0.1:${server.port}/socket/websocket?vsn=2.0.0&reject=1`
    expect(await refusedHandshake(url)).toMatchObject({ status: 403, body: { error: 'forbidden' } })
  })

  test('a version of the serializer that is not spoken is refused with HTTP 403', async () => {
    const { port } = await start()
    const { status, body } = await refusedHandshake(`ws://127.0.0.1:${port}/socket/websocket?vsn=9.0.0`)
    expect(status).toBe(403)
    expect(body).toMatchObject({ error: 'unsupported_version' })
    const socket = newSocket(port, { vsn: '9.0.0' })
    const failed = new Promise((resolve) => socket.onError(resolve as () => void))
    socket.connect()
    await failed
    expect(socket.isConnected()).toBe(false)
  })

  test('a request to the WebSocket path without an upgrade is HTTP 400', async () => {
    const { port } = await start()
    const answer = await fetch(`http://127.0.0.1:${port}/socket/websocket?vsn=2.0.0`)
    expect(answer.status).toBe(400)
    expect((await answer.json()).message).toContain('/socket/longpoll')
  })

  test('attached to an HTTP server that is there already, it serves Phoenix clients too', async () => {
    const { createServer } = await import('@rollcall/server')
    const http = createHttpServer((_request, response) => response.end('mine'))
    const rollcall = createServer({ server: http, channels: [recordedChannel] })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    onTestFinished(async () => {
      await rollcall.close()
      http.close()
    })
    const socket = await connectSocket(rollcall.address().port, 'ada')
    const { attendance } = await attend(socket, 'room:lobby')
    expect(attendance.keys()).toEqual(['ada'])
  })
})

describe('a connection that is open', () => {
  test('heartbeats are answered, and keep the connection', async () => {
    const { port } = await start()
    const log: string[] = []
    const socket = await connectSocket(port, 'ada', {
      heartbeatIntervalMs: 30,
      logger: (kind, message) => void log.push(`${kind} ${message}`),
    })
    const answered = () => log.filter((line) => /^receive ok phoenix phx_reply/.test(line)).length
    await eventually(() => answered() >= 4)
    expect(log.filter((line) => line.startsWith('push phoenix heartbeat')).length).toBeLessThanOrEqual(
      answered() + 1,
    )
    expect(log.join('\n')).not.toContain('heartbeat timeout')
    expect(socket.isConnected()).toBe(true)
  })

  test('ping measures the way there and back', async () => {
    const { port } = await start()
    const socket = await connectSocket(port, 'ada')
    const elapsed = await new Promise<number>((resolve) => expect(socket.ping(resolve)).toBe(true))
    expect(elapsed).toBeGreaterThanOrEqual(0)
    expect(elapsed).toBeLessThan(3000)
  })

  test('onMessage hears every message, connectionState tells how it stands', async () => {
    const { port } = await start()
    const socket = newSocket(port)
    expect(socket.connectionState()).toBe('closed')
    const events: string[] = []
    socket.onMessage((message) => void events.push((message as { event: string }).event))
    socket.connect()
    expect(socket.connectionState()).toBe('connecting')
    await joined(socket, 'room:lobby', { user: 'ada' })
    await eventually(() => events.length >= 2)
    expect(events).toEqual(['phx_reply', 'presence_state'])
    expect(socket.connectionState()).toBe('open')
  })

  test('disconnect is orderly, takes the presences with it at once, and nothing comes back', async () => {
    const server = await start()
    const watcher = await attend(await connectSocket(server.port, 'watcher'), 'room:lobby')
    const socket = await connectSocket(server.port, 'ada')
    await joined(socket, 'room:lobby')
    await eventually(() => watcher.attendance.keys().length === 2)
    const codes: number[] = []
    socket.onClose((event) => void codes.push(event.code))
    await new Promise<void>((resolve) => socket.disconnect(resolve))
    await eventually(() => watcher.attendance.keys().length === 1)
    expect(watcher.attendance.told.at(-1)).toBe('leave ada left=0')
    expect(codes.every((code) => code === 1000 || code === 1005)).toBe(true)
    await eventually(() => server.connectionCount === 1)
  })
})

describe('the rest of the socket', () => {
  test('version 1.0.0 through a codec of its own, as older clients speak', async () => {
    const { port } = await start()
    const socket = await connectSocket(port, 'ada', {
      vsn: '1.0.0',
      encode: (message, callback) => void callback(JSON.stringify(message)),
      decode: (text, callback) => void callback(JSON.parse(text)),
    })
    const { attendance, channel } = await attend(socket, 'room:lobby', { meta: { n: 1 } })
    const bob = await attend(await connectSocket(port, 'bob'), 'room:lobby')
    await eventually(() => attendance.keys().length === 2)
    expect((await answerTo(channel.push('echo', { v: 1 }))).response).toEqual({ v: 1 })
    await answerTo(channel.push('update_meta', { n: 2 }))
    await eventually(() => attendance.metas().ada?.[0].n === 2 && bob.attendance.metas().ada?.[0].n === 2)
    expect(bob.attendance.metas().ada![0].phx_ref).toBe(attendance.metas().ada![0].phx_ref)
    const closed = new Promise<void>((resolve) => channel.onClose(() => resolve()))
    expect((await answerTo(channel.leave())).status).toBe('ok')
    await closed
  })

  test('replaceTransport goes over to a long poll and back, and its channels rejoin', async () => {
    // A poll that is given up before it has reached the server is missed only after the heartbeat's time.
    const { port } = await start({ heartbeat: { pingIntervalMs: 400, pongTimeoutMs: 400 } })
    const socket = await connectSocket(port, 'ada')
    const { attendance, channel } = await attend(socket, 'room:lobby')
    const { WebSocket } = await import('ws')
    for (const transport of [LongPoll, WebSocket]) {
      let errors = 0
      const ref = channel.onError(() => void errors++)
      socket.replaceTransport(transport as never)
      socket.connect()
      expect(errors).toBe(1)
      channel.off('phx_error', ref)
      await eventually(() => channel.state === 'joined')
      expect((await answerTo(channel.push('echo', { n: 1 }))).response).toEqual({ n: 1 })
      await eventually(() => attendance.metas().ada?.length === 1)
    }
  })

  test('what was registered can be taken back, a push can be sent again, a hook sees every message', async () => {
    const { port } = await start()
    const socket = await connectSocket(port, 'ada', { params: { user_id: 'ada' } })
    expect(socket.endPointURL()).toBe(`ws://127.0.0.1:${port}/socket/websocket?user_id=ada&vsn=2.0.0`)
    const heard: string[] = []
    const refs = [socket.onMessage(() => void heard.push('any')), socket.onOpen(() => {})]
    const channel = await joined(socket, 'room:lobby')
    expect(heard.length).toBeGreaterThan(0)
    socket.off(refs)
    heard.length = 0
    channel.onMessage = (event, payload) => {
      heard.push(event)
      return { ...payload, seen: true }
    }
    const whispers: unknown[] = []
    const ref = channel.on('whispered', (payload) => void whispers.push(payload))
    const push = channel.push('whisper', { n: 1 })
    await eventually(() => whispers.length === 1)
    push.resend(1000)
    await eventually(() => whispers.length === 2)
    channel.off('whispered', ref)
    await answerTo(channel.push('whisper', { n: 2 }))
    expect(whispers).toEqual([
      { n: 1, seen: true },
      { n: 1, seen: true },
    ])
    expect(heard).toContain('phx_reply')
    expect(heard).not.toContain('any')
  })
})

describe('a connection that is lost', () => {
  test('after the server restarts on the same port the client rejoins by itself, and Presence is right again', async () => {
    const first = await start()
    const { port } = first
    const ada = await attend(await connectSocket(port, 'ada'), 'room:lobby', { meta: { n: 1 } })
    const bob = await attend(await connectSocket(port, 'bob'), 'room:lobby', { meta: { n: 2 } })
    await eventually(() => ada.attendance.keys().length === 2)
    const codes: number[] = []
    const errors: unknown[] = []
    ada.channel.onError((reason) => void errors.push(reason))
    // @ts-expect-error its type does not know that a channel has its socket
    ada.channel.socket.onClose(({ code }: { code: number }) => codes.push(code))
    await first.close()
    await eventually(() => codes.length > 0)
    expect(codes[0]).toBe(1012)
    expect(errors[0]).toMatchObject({ source: 'transport' })

    await start({ port })
    await eventually(() => ada.channel.state === 'joined' && bob.channel.state === 'joined')
    await eventually(() => ada.attendance.keys().length === 2 && bob.attendance.keys().length === 2)
    expect(ada.attendance.metas().bob).toMatchObject([{ n: 2 }])
    expect(await answerTo(ada.channel.push('echo', { back: true }))).toMatchObject({
      status: 'ok',
      response: { back: true },
    })
  })

  test('[S-8] a closed laptop is gone within pingIntervalMs + pongTimeoutMs, and comes back when it is opened', async () => {
    const heartbeat = { pingIntervalMs: 200, pongTimeoutMs: 150 }
    const server = await start({ heartbeat })
    const proxy = await TcpProxy.open(server.port)
    const watcher = await attend(await connectSocket(server.port, 'watcher'), 'room:lobby')
    const ada = await attend(
      await connectSocket(proxy.port, 'ada', { heartbeatIntervalMs: 400 }),
      'room:lobby',
    )
    await eventually(() => watcher.attendance.keys().length === 2)
    proxy.freeze()
    const frozenAtMs = performance.now()
    await eventually(() => watcher.attendance.keys().length === 1)
    // The flush and two busy processors come on top of the published bound.
    expect(performance.now() - frozenAtMs).toBeLessThan(
      heartbeat.pingIntervalMs + heartbeat.pongTimeoutMs + 300,
    )
    // The client finds out by its own heartbeat, and a new connection comes through.
    await eventually(() => watcher.attendance.keys().length === 2)
    await eventually(() => ada.channel.state === 'joined')
    expect(ada.attendance.keys()).toEqual(['ada', 'watcher'])
  })
})
