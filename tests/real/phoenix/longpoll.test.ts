import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { connect as connectTcp } from 'node:net'
import { createServer, HandshakeError, type HandshakeRequest, type ServerOptions } from '@rollcall/server'
import { LongPoll, type SocketConnectOption } from 'phoenix'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { connect } from '../support/peer'
import { startServer } from '../support/server'
import {
  answerTo,
  attend,
  type ClientOptions,
  connectSocket,
  eventually,
  joined,
  newSocket,
  nextEvent,
} from './support/client'
import { openHttpProxy } from './support/http-proxy'
import { recordedChannel } from './support/recorded-channel'
import { TcpProxy } from './support/tcp-proxy'
import { NodeXmlHttpRequest } from './support/xml-http-request'

/* The official client's LongPoll, unmodified, by `fetch` (which Node has) and by XMLHttpRequest (a browser's). */

const topic = 'room:lobby'
const start = (options: ServerOptions = {}) => startServer({ channels: [recordedChannel], ...options })
const polling: ClientOptions = {
  transport: LongPoll as unknown as NonNullable<SocketConnectOption['transport']>,
}

/** A server attached to an HTTP server of the test's own, which sees the polls. */
async function attached(options: ServerOptions = {}) {
  const polls = { count: 0, waiting: 0 }
  const http = createHttpServer((request, response) => {
    if (!server.handleRequest(request, response)) return void response.end('mine')
    if (request.method !== 'GET') return
    polls.count++
    polls.waiting++
    response.once('close', () => void polls.waiting--)
  })
  const server = createServer({ server: http, channels: [recordedChannel], ...options })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  onTestFinished(async () => {
    await server.close()
    http.close()
    http.closeAllConnections()
  })
  return { server, port: server.address().port, polls }
}

describe.each(['fetch', 'XMLHttpRequest'])('LongPoll by %s', (means) => {
  beforeEach(() => {
    if (means === 'XMLHttpRequest') vi.stubGlobal('XMLHttpRequest', NodeXmlHttpRequest)
  })
  afterEach(() => void vi.unstubAllGlobals())

  test('LongPoll joins, pushes, is pushed to, and is present like anybody', async () => {
    const server = await start()
    const ada = await attend(await connectSocket(server.port, 'ada', polling), topic, {
      meta: { via: 'poll' },
    })
    const bob = await attend(await connectSocket(server.port, 'bob'), topic)
    await eventually(() => ada.attendance.keys().length === 2)
    expect(bob.attendance.metas().ada).toMatchObject([{ via: 'poll' }])
    expect(await answerTo(ada.channel.push('echo', { n: 1 }))).toEqual({ status: 'ok', response: { n: 1 } })
    expect(await answerTo(ada.channel.push('fail', {}))).toMatchObject({ status: 'error' })
    const heard = nextEvent(ada.channel, 'new_msg')
    await answerTo(bob.channel.push('new_msg', { body: 'hi "poll"\nline — ü' }))
    expect(await heard).toEqual({ body: 'hi "poll"\nline — ü' })
    await answerTo(ada.channel.push('update_meta', { via: 'poll2' }))
    await eventually(() => bob.attendance.metas().ada?.[0].via === 'poll2')
    await answerTo(ada.channel.leave())
    await eventually(() => bob.attendance.keys().length === 1)
  })

  test('[S-31] LongPoll whose identity is over leaves, and is back with another one', async () => {
    let lifeMs = 500
    const { port } = await start({
      authenticate: ({ params }) => {
        const id = params.get('user_id') ?? ''
        return id === 'ada' ? { id, expiresAtMs: Date.now() + lifeMs } : { id }
      },
    })
    const bob = await attend(await connectSocket(port, 'bob'), topic)
    const seen: string[] = []
    bob.channel.on('presence_diff', ({ joins, leaves }) => {
      for (const key of Object.keys(leaves)) seen.push(`${key} left`)
      for (const key of Object.keys(joins)) seen.push(`${key} joined`)
    })
    await joined(await connectSocket(port, 'ada', polling), topic)
    lifeMs = 600_000
    await eventually(() => seen.length === 3)
    expect(seen).toEqual(['ada joined', 'ada left', 'ada joined'])
  })

  test('many pushes at once arrive in order, in batches', async () => {
    const { port } = await start()
    const channel = await joined(await connectSocket(port, 'ada', polling), topic)
    const heard: number[] = []
    channel.on('new_msg', ({ n }) => void heard.push(n))
    const answers = Array.from({ length: 250 }, (_, n) => answerTo(channel.push('new_msg', { n })))
    expect((await Promise.all(answers)).every(({ status }) => status === 'ok')).toBe(true)
    expect(heard).toEqual(Array.from({ length: 250 }, (_, n) => n))
  })

  test('bytes go up as they are and come down as {base64}, as a long poll carries only text', async () => {
    const { port } = await start()
    const channel = await joined(await connectSocket(port, 'ada', polling), topic)
    const socket = await connectSocket(port, 'bob')
    const bob = await joined(socket, topic)
    const [own, others] = [nextEvent(channel, 'new_msg'), nextEvent(bob, 'new_msg')]
    const bytes = Uint8Array.of(1, 2, 3, 255)
    await answerTo(channel.push('new_msg', bytes.buffer as ArrayBuffer))
    expect(new Uint8Array(await others)).toEqual(bytes)
    expect(await own).toEqual({ base64: 'AQID/w==' })
    const { response } = await answerTo(channel.push('echo', bytes.buffer as ArrayBuffer))
    expect(response).toEqual({ base64: 'AQID/w==' })
  })

  test('connect params and authToken reach authenticate, a refusal is 403 to the client', async () => {
    const handshakes: HandshakeRequest[] = []
    const server = await start({
      authenticate(request) {
        handshakes.push(request)
        if (request.token !== 's3cret') throw new HandshakeError(403, 'Not you.')
        return { id: 'ada' }
      },
    })
    const options = { ...polling, params: { token: 'a param of that name', user_id: 'x' } }
    const socket = await connectSocket(server.port, 'ada', { ...options, authToken: 's3cret' })
    const { attendance } = await attend(socket, topic)
    expect(attendance.keys()).toEqual(['x'])
    expect(handshakes[0]).toMatchObject({ path: '/socket/longpoll', token: 's3cret' })
    expect(Object.fromEntries(handshakes[0]!.params)).toEqual({ ...options.params, vsn: '2.0.0' })

    const refused = newSocket(server.port, { ...options, authToken: 'wrong' })
    const errors: unknown[] = []
    refused.onError((error) => void errors.push(error))
    refused.connect()
    await eventually(() => errors.length >= 2)
    expect(errors[0]).toBe(403)
    expect(refused.isConnected()).toBe(false)
  })

  test('a quiet client polls again each window, and stays', async () => {
    const { port, polls } = await attached({
      longPoll: { windowMs: 40 },
      heartbeat: { pingIntervalMs: 300, pongTimeoutMs: 300 },
    })
    const socket = await connectSocket(port, 'ada', polling)
    const channel = await joined(socket, topic)
    let closes = 0
    socket.onClose(() => void closes++)
    // More of them than the silence is long after which a peer is dead.
    await eventually(() => polls.count > 25)
    expect((await answerTo(channel.push('echo', {}))).status).toBe('ok')
    expect(closes).toBe(0)
  })

  test('disconnect takes the presences with it at once', async () => {
    const { server, port, polls } = await attached()
    const watcher = await attend(await connectSocket(port, 'watcher'), topic)
    const socket = await connectSocket(port, 'ada', polling)
    await joined(socket, topic)
    await eventually(() => watcher.attendance.keys().length === 2 && polls.waiting === 1)
    await new Promise<void>((resolve) => socket.disconnect(resolve))
    await eventually(() => watcher.attendance.keys().length === 1)
    await eventually(() => server.connectionCount === 1)
  })

  test('after the server restarts on the same port a polling client rejoins by itself', async () => {
    const first = await start()
    const { port } = first
    const ada = await attend(await connectSocket(port, 'ada', polling), topic)
    await first.close()
    const second = await start({ port })
    await eventually(() => ada.channel.state === 'joined' && second.connectionCount === 1)
    expect((await answerTo(ada.channel.push('echo', { n: 2 }))).response).toEqual({ n: 2 })
    await eventually(() => ada.attendance.keys().join() === 'ada')
  })

  test('[S-8] a polling client that falls silent is gone within pingIntervalMs + pongTimeoutMs', async () => {
    const heartbeat = { pingIntervalMs: 250, pongTimeoutMs: 200 }
    const server = await start({ heartbeat, longPoll: { windowMs: 100 } })
    const proxy = await TcpProxy.open(server.port)
    const watcher = await attend(await connectSocket(server.port, 'watcher'), topic)
    await joined(await connectSocket(proxy.port, 'ada', { ...polling, longpollerTimeout: 60_000 }), topic)
    await eventually(() => watcher.attendance.keys().length === 2)
    proxy.freeze()
    const frozenAtMs = performance.now()
    await eventually(() => watcher.attendance.keys().length === 1)
    const boundMs = heartbeat.pingIntervalMs + heartbeat.pongTimeoutMs
    expect(performance.now() - frozenAtMs).toBeLessThan(boundMs + 300)
  })
})

test('closing the server does not wait for a connection on which nothing was ever asked', async () => {
  const server = await start({ closeTimeoutMs: 100 })
  const unused = connectTcp(server.port, '127.0.0.1')
  onTestFinished(() => void unused.destroy())
  await once(unused, 'connect')
  await Promise.all([server.close(), once(unused, 'close')])
})

describe('longPollFallbackMs', () => {
  /** As `sessionStorage`, where the client remembers how it had to connect. */
  class Storage {
    readonly items: Record<string, string> = {}
    getItem = (name: string) => this.items[name] ?? null
    setItem = (name: string, value: string) => void Object.assign(this.items, { [name]: value })
  }

  test.each(['refuses', 'strips', 'ignores'] as const)(
    'longPollFallbackMs leads to a long poll where a proxy %s the upgrade',
    async (onUpgrade) => {
      const server = await start()
      const port = await openHttpProxy(server.port, onUpgrade)
      const sessionStorage = new Storage()
      const options = { longPollFallbackMs: 150, sessionStorage, params: { user_id: 'ada' } }
      const socket = newSocket(port, options)
      socket.connect()
      const { attendance, channel } = await attend(socket, topic)
      expect(attendance.keys()).toEqual(['ada'])
      expect((await answerTo(channel.push('echo', { n: 1 }))).response).toEqual({ n: 1 })
      // @ts-expect-error its type does not know the transport
      expect(socket.transport).toBe(LongPoll)
      expect(sessionStorage.items).toEqual({ 'phx:fallback:LongPoll': 'true' })

      const again = newSocket(port, { ...options, params: { user_id: 'bob' } })
      again.connect()
      await joined(again, topic)
      await eventually(() => attendance.keys().length === 2)
    },
  )

  test('longPollFallbackMs changes nothing where WebSockets come through', async () => {
    const { port } = await start()
    const sessionStorage = new Storage()
    const socket = await connectSocket(port, 'ada', { longPollFallbackMs: 1000, sessionStorage })
    await joined(socket, topic)
    // @ts-expect-error its type does not know what became of the ping
    await eventually(() => socket.primaryPassedHealthCheck)
    // @ts-expect-error its type does not know the transport
    expect(socket.transport).not.toBe(LongPoll)
    expect(sessionStorage.items).toEqual({})
  })
})

describe('request by request', () => {
  const path = '/socket/longpoll?vsn=2.0.0&user_id=ada'

  async function open(options: ServerOptions = {}) {
    const server = await start(options)
    const url = `http://127.0.0.1:${server.port}${path}`
    const ask = async (address: string, init: RequestInit = {}) => {
      const answer = await fetch(address, init)
      return { http: answer.status, headers: answer.headers, ...(await answer.json()) }
    }
    const begun = await ask(url)
    const own = `${url}&token=${begun.token}`
    const post = (text: string | Buffer<ArrayBuffer>, type = 'application/x-ndjson') =>
      ask(own, { method: 'POST', headers: { 'Content-Type': type }, body: text })
    return { server, url, own, begun, ask, post, poll: () => ask(own) }
  }

  const join = JSON.stringify(['1', '1', topic, 'phx_join', {}])

  /** Fetches the reply and the state that a join is answered with. */
  async function drain(poll: () => Promise<{ messages: string[] }>): Promise<void> {
    for (let count = 0; count < 2; ) count += (await poll()).messages.length
  }

  /** Two polls of one session: the one that is ended shows that the other is waiting at the server. */
  async function twoPolls(address: string) {
    const polls = [0, 1].map(() => {
      const abort = new AbortController()
      return { abort, answer: fetch(address, { signal: abort.signal }) }
    })
    const ended = await Promise.race(polls.map(({ answer }, index) => answer.then(() => index)))
    expect(await (await polls[ended]!.answer).json()).toMatchObject({ status: 204, messages: [] })
    return { waiting: polls[1 - ended]! }
  }

  test('a session begins with 410 and a token that nobody can guess', async () => {
    const { begun, ask, url } = await open()
    expect(begun).toMatchObject({ http: 200, status: 410, messages: [] })
    const other = await ask(url)
    expect(other.token).not.toBe(begun.token)
    expect(begun.token).toMatch(/^lp\.[0-9a-z]{10,}\.[0-9a-z]{30,}$/)
    expect(begun.headers.get('cache-control')).toBe('no-store')
    expect(begun.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('200 with what is queued, 204 with nothing after the window, in messages of their own', async () => {
    const { post, poll } = await open({ longPoll: { windowMs: 30 } })
    expect(await post(join)).toMatchObject({ http: 200, status: 200 })
    await expect
      .poll(async () => (await poll()).messages.map((text: string) => JSON.parse(text)[3]))
      .toEqual(['phx_reply', 'presence_state'])
    expect(await poll()).toMatchObject({ status: 204, messages: [] })
  })

  test('one poll at a time: a newer one ends the older with 204, and has the messages', async () => {
    const { server, own, post, poll } = await open()
    await post(join)
    await drain(poll)
    const { waiting } = await twoPolls(own)
    server.broadcast(topic, 'news', { n: 1 })
    const { status, messages } = await (await waiting.answer).json()
    expect(status).toBe(200)
    expect(messages.map((text: string) => JSON.parse(text))).toEqual([[null, null, topic, 'news', { n: 1 }]])
  })

  test('an older client posts one message as JSON, a V1 client objects', async () => {
    const { post, poll } = await open()
    await post(join, 'application/json')
    expect(JSON.parse((await poll()).messages[0])[3]).toBe('phx_reply')
    const server = await start()
    const url = `http://127.0.0.1:${server.port}/socket/longpoll`
    const { token } = await (await fetch(url)).json()
    const body = [
      JSON.stringify({ topic, event: 'phx_join', payload: {}, ref: '1' }),
      JSON.stringify({ topic: 'phoenix', event: 'heartbeat', payload: {}, ref: '2' }),
    ].join('\r\n')
    const headers = { 'Content-Type': 'application/x-ndjson' }
    await fetch(`${url}?token=${token}`, { method: 'POST', headers, body })
    const heard: string[] = []
    while (heard.length < 3) {
      const { messages } = await (await fetch(`${url}?token=${token}`)).json()
      heard.push(...messages.map((text: string) => JSON.parse(text).event))
    }
    expect(heard.sort()).toEqual(['phx_reply', 'phx_reply', 'presence_state'])
  })

  test('a token that is wrong or over: 410 to a post, and to a poll together with another one', async () => {
    const { url, ask, begun, own, server } = await open()
    const secretless = begun.token.slice(0, begun.token.lastIndexOf('.'))
    for (const wrong of ['x', `${secretless}.0`, 'lp.__proto__.0', `${begun.token}0`, '']) {
      const address = `${url}&token=${encodeURIComponent(wrong)}`
      expect(await ask(address, { method: 'POST', body: join })).toMatchObject({ status: 410 })
      const { status, token } = await ask(address)
      expect([status, token === begun.token]).toEqual([410, false])
    }
    expect(server.registry.size).toBe(0)
    expect(await ask(own, { method: 'POST', body: join })).toMatchObject({ status: 200 })
  })

  test('a refused session is 403 with why, a failing one 500; HTTP itself says 200', async () => {
    const { ask, url } = await open()
    const unknown = url.replace('2.0.0', '9.0.0')
    expect(await ask(unknown)).toMatchObject({ http: 200, status: 403, error: 'unsupported_version' })
    const failing = await start({
      authenticate: () => {
        throw new Error('The database is away.')
      },
    })
    const answer = await ask(`http://127.0.0.1:${failing.port}${path}`)
    expect(answer).toMatchObject({ http: 200, status: 500, error: 'authenticate_failed' })
    expect(JSON.stringify(answer)).not.toContain('database')
  })

  test('a page from elsewhere is allowed to, by CORS', async () => {
    const { url, ask, own } = await open()
    const headers = { Origin: 'https://elsewhere.example' }
    const preflight = await fetch(own, {
      method: 'OPTIONS',
      headers: {
        ...headers,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type,x-phoenix-authtoken',
      },
    })
    expect(preflight.status).toBe(204)
    const allowed = preflight.headers.get('access-control-allow-headers')?.toLowerCase()
    expect(allowed).toContain('content-type')
    expect(allowed).toContain('x-phoenix-authtoken')
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST')
    for (const answer of [
      await ask(url, { headers }),
      await ask(own, { method: 'POST', headers, body: join }),
      await ask(url.replace('2.0.0', '9.0.0'), { headers }),
    ]) {
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
      // No cookie is to go along.
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
    }
  })

  test('a post that is too large is 413, another method 405, and the session lives on', async () => {
    const { ask, own, post } = await open({ longPoll: { maxBodyBytes: 2000 } })
    expect(await post('x'.repeat(2001))).toMatchObject({
      ...{ http: 413, status: 413, error: 'limit_exceeded' },
      message: 'The post has more than 2000 bytes (server option longPoll.maxBodyBytes).',
    })
    expect(await ask(own, { method: 'PUT' })).toMatchObject({ http: 405 })
    expect(await post(join)).toMatchObject({ status: 200 })
  })

  test('[S-9] a post of too many messages is 413, of none 400, and the session lives on', async () => {
    const { server, post } = await open({ longPoll: { maxMessages: 2 } })
    expect(await post(`${join}\n`.repeat(3))).toMatchObject({
      ...{ http: 413, status: 413, error: 'limit_exceeded' },
      message: 'The post has more than 2 messages (server option longPoll.maxMessages).',
    })
    expect(server.registry.size).toBe(0)
    expect(await post('\n'.repeat(1000))).toMatchObject({ http: 400, status: 400, error: 'invalid_message' })
    expect(await post(join)).toMatchObject({ status: 200 })
  })

  test.each([
    ['with nothing in them', '\n'.repeat(10_000)],
    ['that are too large', 'x'.repeat(20_001)],
    ['of too many messages', '[]\n'.repeat(20)],
    ['that are no UTF-8', Buffer.from([0x5b, 0xff, 0x5d])],
  ])('[S-37] posts %s are offences, and past the rate the session is over', async (_what, body) => {
    const rates = { abuse: { perSecond: 0.01, burst: 3 } }
    const { post, ask, own } = await open({ rates, longPoll: { maxBodyBytes: 20_000, maxMessages: 10 } })
    for (let i = 0; i < 4; i++) expect((await post(body)).status).toBeGreaterThanOrEqual(400)
    expect(await post(join)).toMatchObject({ status: 410 })
    expect((await ask(own)).status).toBe(410)
  })

  test('[S-36] the empty lines of a post count as bytes', async () => {
    const rates = { bytes: { perSecond: 1, burst: 5000 } }
    const { post, poll } = await open({ rates, limits: { frameBytes: 5000 } })
    expect(await post(`${'\n'.repeat(4990)}${join}`)).toMatchObject({ status: 200 })
    const [reply] = (await poll()).messages.map((text: string) => JSON.parse(text))
    expect(reply[4].response).toMatchObject({ reason: 'throttled' })
  })

  test('a post that is no UTF-8 is 400, and is not read as another text', async () => {
    const { server, ask, own, post } = await open()
    const body = Buffer.from(join.replace('{', '{"\u00ff":1,'), 'latin1')
    expect(await ask(own, { method: 'POST', body })).toMatchObject({ http: 400, status: 400 })
    expect(server.registry.size).toBe(0)
    expect(await post(join)).toMatchObject({ status: 200 })
  })

  test('[S-9] a client that posts and never polls is cut off at outbox.hardLimitBytes', async () => {
    const { server, post, poll } = await open({ outbox: { softLimitBytes: 20_000, hardLimitBytes: 20_000 } })
    await post(join)
    await eventually(() => server.registry.size === 1)
    server.broadcast(topic, 'news', 'x'.repeat(30_000))
    await eventually(() => server.registry.size === 0)
    // What was queued can still be fetched, for closeTimeoutMs; then the session is over.
    await expect.poll(async () => (await poll()).status).toBe(410)
    await eventually(() => server.connectionCount <= 1)
  })

  test('[S-9] a client that asks for the state again and again and never polls has few of them waiting', async () => {
    const { server, post, poll } = await open({ outbox: { softLimitBytes: 10_000, hardLimitBytes: 20_000 } })
    for (let n = 0; n < 100; n++)
      server.registry.track(`bot ${n}`, topic, `bot ${n}`, { text: 'x'.repeat(100) })
    await post(join)
    const watcher = await connect(`ws://127.0.0.1:${server.port}/socket/websocket?user_id=watcher&vsn=2.0.0`)
    watcher.send(join)
    const isState = ([, , , event]: any) => event === 'presence_state'
    await watcher.next(isState)
    const sync = JSON.stringify([null, null, topic, 'presence_sync', {}])
    for (let n = 0; n < 20; n++) {
      // Asked for at once, given in one flush.
      await post(sync)
      watcher.send(sync)
      await watcher.next(isState)
    }
    const { messages } = await poll()
    const states = messages.filter((text: string) => isState(JSON.parse(text)))
    expect(states.length).toBeGreaterThan(0)
    expect(states.length).toBeLessThan(4)
  })

  describe('[S-44] an answer that the client does not read', () => {
    const LARGE = 20_000_000
    const news = (server: { broadcast(topic: string, event: string, payload: string): void }) =>
      server.broadcast(topic, 'news', 'x'.repeat(LARGE))

    /** Polls over a TCP connection that is not read, and waits until the answer has begun. */
    async function pollUnread(port: number, address: string) {
      const socket = connectTcp(port, '127.0.0.1')
      onTestFinished(() => void socket.destroy())
      socket.write(`GET ${new URL(address).pathname}${new URL(address).search} HTTP/1.1\r\nHost: x\r\n\r\n`)
      await once(socket, 'readable')
      return socket
    }

    test('counts until then: with what came after it the session is over at outbox.hardLimitBytes', async () => {
      const limit = 1.5 * LARGE
      const { server, own, post, poll } = await open({
        outbox: { softLimitBytes: limit, hardLimitBytes: limit },
      })
      await post(join)
      await drain(poll)
      news(server)
      const socket = await pollUnread(server.port, own)
      expect(server.registry.size).toBe(1)
      news(server)
      await eventually(() => server.registry.size === 0 && server.connectionCount === 0)
      socket.resume()
      await once(socket, 'close')
    })

    test('is the only one: the next poll waits for it, and has what came meanwhile', async () => {
      const limit = 4 * LARGE
      const { server, own, post, poll } = await open({
        outbox: { softLimitBytes: limit, hardLimitBytes: limit },
        longPoll: { windowMs: 20_000 },
      })
      await post(join)
      await drain(poll)
      news(server)
      const socket = await pollUnread(server.port, own)
      let isAnswered = false
      const next = poll().then((answer) => {
        isAnswered = true
        return answer
      })
      server.broadcast(topic, 'later', {})
      await post(JSON.stringify([null, '7', 'phoenix', 'heartbeat', {}]))
      expect(isAnswered).toBe(false)
      socket.resume()
      const { messages } = await next
      expect(messages.map((text: string) => JSON.parse(text)[3])).toEqual(['later', 'phx_reply'])
    })

    test('ends the session when none of it moves for http.silenceTimeoutMs', async () => {
      const limit = 4 * LARGE
      const { server, own, post, poll } = await open({
        outbox: { softLimitBytes: limit, hardLimitBytes: limit },
        http: { silenceTimeoutMs: 300 },
      })
      await post(join)
      await drain(poll)
      news(server)
      await pollUnread(server.port, own)
      await eventually(() => server.registry.size === 0 && server.connectionCount === 0)
    })
  })

  test('a poll that breaks off ends the session', async () => {
    const { server, own, post, poll } = await open()
    await post(join)
    await drain(poll)
    const { waiting } = await twoPolls(own)
    expect(server.registry.size).toBe(1)
    waiting.abort.abort()
    await expect(waiting.answer).rejects.toThrow('aborted')
    await eventually(() => server.registry.size === 0 && server.connectionCount === 0)
  })

  test('closing the server ends waiting polls, and takes none after', async () => {
    const { server, own, post, poll } = await open()
    await post(join)
    await drain(poll)
    const { waiting } = await twoPolls(own)
    const startedMs = performance.now()
    await server.close()
    expect(performance.now() - startedMs).toBeLessThan(1500)
    expect(await (await waiting.answer).json()).toMatchObject({ status: 410 })
    expect(server.connectionCount).toBe(0)
    await expect(fetch(own)).rejects.toThrow()
  })

  test('attached to an HTTP server that is there already, handleRequest takes the long polls and no other request', async () => {
    const { port } = await attached()
    const { attendance } = await attend(await connectSocket(port, 'ada', polling), topic)
    expect(attendance.keys()).toEqual(['ada'])
    expect(await (await fetch(`http://127.0.0.1:${port}/socket`)).text()).toBe('mine')
  })
})
