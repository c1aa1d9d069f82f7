import { defineChannel, phoenixState, type ServerOptions } from '@rollcall/server'
import * as phoenix from 'phoenix'
import { LongPoll, Presence, Socket } from 'phoenix'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { startServer } from '../support/server'
import { answerTo, attend, connectSocket, eventually, joined, newSocket, nextEvent } from './support/client'
import { recordedChannel } from './support/recorded-channel'
import { NodeXmlHttpRequest } from './support/xml-http-request'

/* What few programs use of the official client, unmodified. Its types do not know all of it. */

const { Serializer } = phoenix as any
const topic = 'room:lobby'
const start = (options: ServerOptions = {}) => startServer({ channels: [recordedChannel], ...options })

afterEach(() => void vi.unstubAllGlobals())

describe('Socket', () => {
  test('an endpoint without a host is the page’s own, for the WebSocket and the long poll', async () => {
    const { port } = await start()
    vi.stubGlobal('location', { protocol: 'http:', host: `127.0.0.1:${port}` })
    const socket = new Socket('/socket', { transport: WebSocket as never, params: { user_id: 'ada' } })
    onTestFinished(() => socket.disconnect())
    expect(socket.protocol()).toBe('ws')
    expect(socket.endPointURL()).toBe(`ws://127.0.0.1:${port}/socket/websocket?user_id=ada&vsn=2.0.0`)
    socket.connect()
    expect((await attend(socket, topic)).attendance.keys()).toEqual(['ada'])
  })

  test('a message pushed by hand is answered under the ref that was made for it', async () => {
    const { port } = await start()
    const socket = await connectSocket(port, 'ada')
    const heard: any[] = []
    socket.onMessage((message) => void heard.push(message))
    const [ref, next] = [socket.makeRef(), socket.makeRef()]
    expect(ref).not.toBe(next)
    socket.push({ topic: 'phoenix', event: 'heartbeat', payload: {}, ref })
    await eventually(() => heard.length === 1)
    expect(heard[0]).toMatchObject({ topic: 'phoenix', event: 'phx_reply', ref, payload: { status: 'ok' } })
  })

  test('a fault is heard by onMessage', async () => {
    const { port } = await start()
    const socket = await connectSocket(port, 'ada')
    const channel = await joined(socket, topic)
    const heard: any[] = []
    socket.onMessage((message) => void heard.push(message))
    // @ts-expect-error its type does not know the transport instance
    socket.conn.send('{nope')
    await eventually(() => heard.some(({ event }) => event === 'fault'))
    expect(heard.at(-1)).toMatchObject({ topic: 'phoenix', payload: { reason: 'malformed_frame' } })
    expect((await answerTo(channel.push('echo', {}))).status).toBe('ok')
  })

  test('a channel that was removed is told nothing more', async () => {
    const { port } = await start()
    const socket = await connectSocket(port, 'ada')
    const channel = await joined(socket, topic)
    const bob = await joined(await connectSocket(port, 'bob'), topic)
    const heard: unknown[] = []
    channel.on('new_msg', (payload) => void heard.push(payload))
    await answerTo(bob.push('new_msg', { n: 1 }))
    await eventually(() => heard.length === 1)
    socket.remove(channel)
    const frames: any[] = []
    socket.onMessage((message) => void frames.push(message))
    await answerTo(bob.push('new_msg', { n: 2 }))
    await eventually(() => frames.some(({ event }) => event === 'new_msg'))
    expect(heard).toEqual([{ n: 1 }])
  })

  test('with debug it says on the console what goes out and comes in', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    onTestFinished(() => log.mockRestore())
    const { port } = await start()
    const socket = await connectSocket(port, 'ada', { debug: true })
    await joined(socket, topic)
    expect(socket.hasLogger()).toBe(true)
    socket.log('mine', 'a word', { n: 1 })
    const lines = log.mock.calls.map(([line]) => String(line))
    expect(lines).toContain('mine: a word')
    expect(lines.some((line) => line.startsWith('push: room:lobby phx_join'))).toBe(true)
    expect(lines.some((line) => line.startsWith('receive: ok room:lobby phx_reply'))).toBe(true)
  })

  test('params given to connect are those of the connection, and a code and reason to disconnect reach the server', async () => {
    const lines: any[] = []
    const quiet = () => {}
    const debug = (context: object, message: string) => void lines.push({ ...context, message })
    const { port } = await start({ logger: { debug, info: quiet, warn: quiet, error: quiet } })
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    onTestFinished(() => log.mockRestore())
    const socket = newSocket(port)
    socket.connect({ user_id: 'grace' })
    expect((await attend(socket, topic)).attendance.keys()).toEqual(['grace'])
    socket.disconnect(() => {}, 4321, 'bye')
    await eventually(() => lines.some(({ message }) => message === 'connection closed'))
    expect(lines.find(({ message }) => message === 'connection closed')).toMatchObject({
      code: 4321,
      reason: 'bye',
    })
  })

  test('binaryType and a codec of the program’s own carry bytes as well', async () => {
    const { port } = await start()
    const socket = await connectSocket(port, 'ada', {
      binaryType: 'nodebuffer' as never,
      encode: (message, callback) => Serializer.encode(message, callback),
      decode(frame: unknown, callback) {
        Serializer.decode(Buffer.isBuffer(frame) ? Uint8Array.from(frame).buffer : frame, callback)
      },
    })
    // @ts-expect-error its type does not know the transport instance
    expect(socket.conn.binaryType).toBe('nodebuffer')
    const channel = await joined(socket, topic)
    const { response } = await answerTo(channel.push('echo', Uint8Array.of(1, 255).buffer))
    expect([...new Uint8Array(response)]).toEqual([1, 255])
  })

  test('the long poll that it would fall back to is the one that is exported', () => {
    const socket = newSocket(1) as any
    expect(socket.getLongPollTransport()).toBe(LongPoll)
  })
})

describe('Channel and Push', () => {
  test('a join that is not answered in time is left, and tried again', async () => {
    const joins: string[] = []
    const { port } = await start({
      channels: [
        defineChannel({
          topicPattern: 'room:*',
          async join(ctx) {
            joins.push(ctx.topic)
            if (joins.length === 1) await new Promise(() => {})
            ctx.track('ada', {})
          },
        }),
      ],
    })
    const channel = (await connectSocket(port, 'ada')).channel(topic)
    const attendance = new Presence(channel)
    const joining = channel.join(100)
    expect((await answerTo(joining)).status).toBe('timeout')
    await eventually(() => channel.state === 'joined')
    expect([channel.topic, joins]).toEqual([topic, [topic, topic]])
    await eventually(() => attendance.list().length === 1)
  })

  test('a push may be sent again as it is, and a hook set after the answer hears it all the same', async () => {
    const { port } = await start()
    const channel = await joined(await connectSocket(port, 'ada'), topic)
    const whispers: unknown[] = []
    channel.on('whispered', (payload) => void whispers.push(payload))
    const push = channel.push('whisper', { n: 1 })
    await answerTo(push)
    push.send()
    await eventually(() => whispers.length === 2)
    const late: unknown[] = []
    push.receive('ok', (response) => void late.push(response)).receive('error', () => void late.push('error'))
    expect(late).toEqual([{}])
    channel.off('whispered')
    await answerTo(channel.push('whisper', { n: 2 }))
    expect(whispers).toHaveLength(2)
  })
})

describe('Presence', () => {
  test('events of other names, a list without a chooser, and whether it waits for its state', async () => {
    const { port } = await start({
      channels: [
        {
          ...recordedChannel,
          presence: false,
          handlers: {
            people: async (ctx) => ctx.push('people_state', phoenixState(await ctx.list())),
            more: (ctx, payload) => ctx.push('people_diff', payload),
          },
        },
      ],
    })
    const channel = await joined(await connectSocket(port, 'ada'), topic, { meta: { n: 1 } })
    const presence = new Presence(channel, { events: { state: 'people_state', diff: 'people_diff' } })
    let syncs = 0
    presence.onSync(() => void syncs++)
    expect(presence.inPendingSyncState()).toBe(true)
    await answerTo(channel.push('people', {}))
    await eventually(() => syncs === 1)
    expect(presence.inPendingSyncState()).toBe(false)
    expect(presence.list()).toMatchObject([{ metas: [{ n: 1, phx_ref: expect.any(String) }] }])
    const joins = { bob: { metas: [{ phx_ref: 'b' }] } }
    await answerTo(channel.push('more', { joins, leaves: {} }))
    await eventually(() => syncs === 2)
    expect(presence.list((key) => key)).toEqual(['ada', 'bob'])
  })

  test('its functions by themselves, on frames of this server', async () => {
    const { port } = await start()
    const ada = await joined(await connectSocket(port, 'ada'), topic)
    const socket = await connectSocket(port, 'bob')
    const told: string[] = []
    const onJoin = (key = '') => void told.push(`join ${key}`)
    const onLeave = (key = '') => void told.push(`leave ${key}`)
    const diff = nextEvent(ada, 'presence_diff')
    const bob = socket.channel(topic)
    const state = nextEvent(bob, 'presence_state')
    await answerTo(bob.join())
    const held = Presence.syncState({}, await state, onJoin, onLeave)
    expect(Presence.list(held, (key) => key).sort()).toEqual(['ada', 'bob'])
    const left = nextEvent(ada, 'presence_diff')
    expect(Object.keys((await diff).joins)).toEqual(['bob'])
    await answerTo(bob.leave())
    const after = Presence.syncDiff(held, await left, onJoin, onLeave)
    expect(Presence.list(after)).toHaveLength(1)
    expect(told.sort()).toEqual(['join ada', 'join bob', 'leave bob'])
  })
})

describe.each(['fetch', 'XMLHttpRequest'])('LongPoll by itself, by %s', (means) => {
  async function open() {
    if (means === 'XMLHttpRequest') vi.stubGlobal('XMLHttpRequest', NodeXmlHttpRequest)
    const server = await start()
    const longPoll = new LongPoll(
      `ws://127.0.0.1:${server.port}/socket/websocket?vsn=2.0.0&user_id=ada`,
    ) as any
    onTestFinished(() => {
      if (longPoll.readyState < 2) longPoll.close()
    })
    const told: string[] = []
    longPoll.timeout = 5000
    longPoll.onopen = () => void told.push('open')
    longPoll.onmessage = ({ data }: { data: string }) => void told.push(JSON.parse(data)[3])
    longPoll.onerror = (error: unknown) => void told.push(`error ${error}`)
    longPoll.onclose = ({ code }: { code: number }) => void told.push(`close ${code}`)
    await eventually(() => told.includes('open'))
    const join = JSON.stringify(['1', '1', topic, 'phx_join', {}])
    return { server, longPoll, told, join }
  }

  test('its address, messages both ways, and the close', async () => {
    const { server, longPoll, told, join } = await open()
    expect(longPoll.normalizeEndpoint('wss://a.example/socket/websocket')).toBe(
      'https://a.example/socket/longpoll',
    )
    expect(longPoll.endpointURL()).toMatch(/\/socket\/longpoll\?vsn=2\.0\.0&user_id=ada&token=lp\./)
    longPoll.send(join)
    await eventually(() => told.length === 3)
    expect(told).toEqual(['open', 'phx_reply', 'presence_state'])
    longPoll.close(1000, 'enough')
    expect(told.at(-1)).toBe('close 1000')
    await eventually(() => server.registry.size === 0)
  })

  test('a poll more than one is ended, and the client is told by the newer one', async () => {
    const { server, longPoll, told, join } = await open()
    longPoll.send(join)
    await eventually(() => told.length === 3)
    longPoll.poll()
    server.broadcast(topic, 'news', {})
    await eventually(() => told.includes('news'))
    expect(told.filter((event) => event === 'news')).toHaveLength(1)
  })

  test('stop lets its poll go, so that the server notices, and emitClose tells the program', async () => {
    const { server, longPoll, told, join } = await open()
    longPoll.send(join)
    await eventually(() => told.length === 3 && server.registry.size === 1)
    longPoll.stop(3)
    await eventually(() => server.registry.size === 0)
    longPoll.emitClose(4001, 'mine', false)
    expect(told.slice(3)).toEqual(['close 4001'])
  })

  test.each([
    ['ontimeout', [], 'error timeout', 'close 1005'],
    ['closeAndRetry', ['mine', 4000, 'again', false], 'error mine', 'close 4000'],
  ] as const)('%s gives the session up, and the server notices', async (name, args, error, close) => {
    const { server, longPoll, told, join } = await open()
    longPoll.send(join)
    await eventually(() => told.length === 3 && server.registry.size === 1)
    if (name === 'ontimeout') longPoll.ontimeout()
    else longPoll.closeAndRetry(...args)
    expect(told.slice(3)).toEqual([error, close])
    await eventually(() => server.registry.size === 0)
  })
})
