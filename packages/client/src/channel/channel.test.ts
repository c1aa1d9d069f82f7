import { afterEach, describe, expect, test, vi } from 'vitest'
import type { OpenTransport } from '../io/transport'
import type { SocketOptions } from '../options'
import { Socket } from '../socket'
import { createFakeServer } from '../testing/fake-server'
import { VirtualClock } from '../testing/virtual-clock'

const LOBBY = 'room:lobby'
const failing = (code: string, more: object = {}) => expect.objectContaining({ code, ...more })

/** A socket on a fake server, with every frame that it sends written down as `event` or `event payload`. */
async function rig(options: SocketOptions = {}) {
  const clock = new VirtualClock()
  const server = createFakeServer()
  const frames: [joinRef: string | null, ref: string, topic: string, event: string, payload: unknown][] = []
  const transport: OpenTransport = (url, subprotocol, listener) => {
    const inner = server.transport(url, subprotocol, listener)
    return {
      ...inner,
      send: (frame) => {
        frames.push(JSON.parse(frame as string))
        inner.send(frame)
      },
    }
  }
  const socket = new Socket('ws://test/socket', {
    clock,
    transport,
    random: () => 0.5,
    params: { user_id: 'ada' },
    ...options,
  })
  socket.connect()
  await server.settle()
  const sent = (event: string) => frames.filter((frame) => frame[3] === event)
  return { clock, server, socket, sent, frames }
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('joining', () => {
  test('resolves with the response, and is one join however often it is asked for', async () => {
    const { socket, sent } = await rig()
    const channel = socket.channel(LOBBY, { meta: { name: 'Ada' } })
    expect(channel.status).toBe('idle')
    const first = channel.join()
    expect(channel.join()).toBe(first)
    expect(channel.status).toBe('joining')
    expect(await first).toEqual({})
    expect(channel.join()).toBe(first)
    expect(channel.getSnapshot()).toEqual({ status: 'joined', error: null, response: {} })
    expect(sent('phx_join')).toHaveLength(1)
  })

  test('waits for the connection', async () => {
    const { socket, server } = await rig()
    await socket.disconnect()
    const channel = socket.channel(LOBBY)
    const joined = channel.join()
    socket.connect()
    await joined
    expect([channel.status, server.joins(LOBBY)]).toEqual(['joined', [{}]])
  })

  test('the payload may be a function, called at each join, and may be given anew', async () => {
    const { socket, server, clock } = await rig()
    let calls = 0
    const channel = socket.channel(LOBBY, () => ({ call: ++calls }))
    await channel.join()
    server.drop()
    await clock.advance(1_000)
    expect(socket.channel(LOBBY, { other: true })).toBe(channel)
    server.drop()
    await clock.advance(2_000)
    expect(server.joins(LOBBY)).toEqual([{ call: 1 }, { call: 2 }, { other: true }])
    // Asking without a payload leaves it as it is.
    socket.channel(LOBBY)
    server.drop()
    await clock.advance(4_000)
    expect(server.joins(LOBBY).at(-1)).toEqual({ other: true })
  })

  test('a refused join rejects with the reason, and is not tried again by itself', async () => {
    const { socket, server, clock, sent } = await rig()
    server.refuse(LOBBY, 'members only')
    const channel = socket.channel(LOBBY)
    await expect(channel.join()).rejects.toThrow(failing('refused', { reason: 'members only' }))
    expect(channel.getSnapshot()).toMatchObject({ status: 'refused', error: { reason: 'members only' } })
    await clock.advance(600_000)
    expect(sent('phx_join')).toHaveLength(1)
    await expect(channel.push('new_msg')).rejects.toThrow(failing('refused'))
    server.allow(LOBBY)
    await channel.join()
    expect(channel.getSnapshot()).toMatchObject({ status: 'joined', error: null })
  })

  test('a join that may succeed later is tried again, as late as the server asks', async () => {
    const { socket, server, clock, sent } = await rig()
    server.refuse(LOBBY, 'throttled', 3_000)
    const channel = socket.channel(LOBBY)
    const joined = channel.join()
    await clock.advance(2_999)
    expect(sent('phx_join')).toHaveLength(1)
    expect(channel.getSnapshot()).toMatchObject({ status: 'joining', error: { reason: 'throttled' } })
    server.allow(LOBBY)
    await clock.advance(1)
    await joined
    expect(sent('phx_join')).toHaveLength(2)
  })

  test('[C-14] a join without an answer rejects in time, while the channel goes on trying', async () => {
    const { socket, server, clock } = await rig({ heartbeatIntervalMs: 100_000 })
    const channel = socket.channel(LOBBY)
    server.freeze()
    const caught = expect(channel.join()).rejects.toThrow(failing('timeout'))
    await clock.advance(10_000)
    await caught
    expect(channel.status).toBe('joining')
    server.thaw()
    const again = channel.join()
    await clock.advance(10_000)
    await again
    expect(channel.status).toBe('joined')
  })

  test('[C-14] a join without a connection rejects in time too', async () => {
    const { socket, clock } = await rig()
    await socket.disconnect()
    const caught = expect(socket.channel(LOBBY).join()).rejects.toThrow(failing('timeout'))
    await clock.advance(10_000)
    await caught
  })

  test('a payload that cannot be made or sent refuses the join', async () => {
    const { socket } = await rig()
    const thrown = socket.channel('room:a', () => {
      throw new Error('no meta')
    })
    await expect(thrown.join()).rejects.toThrow(
      failing('invalid_argument', { message: expect.stringContaining('no meta') }),
    )
    await expect(socket.channel('room:b', { big: 1n }).join()).rejects.toThrow(failing('invalid_argument'))
    await expect(socket.channel('room:c', () => [] as never).join()).rejects.toThrow(
      failing('invalid_argument'),
    )
    expect(socket.status).toBe('open')
  })

  test('[C-6] a late answer to an earlier join changes nothing', async () => {
    const { socket, server, clock, sent } = await rig({ heartbeatIntervalMs: 100_000 })
    const channel = socket.channel(LOBBY)
    server.freeze()
    channel.join().catch(() => {})
    await clock.advance(10_250)
    server.thaw()
    const [first, second] = sent('phx_join')
    expect(second?.[0]).not.toBe(first?.[0])
    const stale = first?.[0]
    const heard = vi.fn()
    channel.on('new_msg', heard)
    server.sendRaw(JSON.stringify([stale, stale, LOBBY, 'phx_reply', { status: 'ok', response: {} }]))
    server.sendRaw(
      JSON.stringify([
        stale,
        null,
        LOBBY,
        'presence_state',
        { epoch: 'e', seq: 1, digest: 0, presences: [] },
      ]),
    )
    server.sendRaw(JSON.stringify([stale, null, LOBBY, 'new_msg', {}]))
    server.sendRaw(JSON.stringify([stale, stale, LOBBY, 'phx_close', { reason: 'left' }]))
    await server.settle()
    expect([channel.status, channel.presence.isSynced, heard.mock.calls]).toEqual(['joining', false, []])
    await clock.advance(15_000)
    expect(channel.status).toBe('joined')
  })
})

describe('leaving', () => {
  test('tells the server, is idempotent, and ends the channel', async () => {
    const { socket, sent } = await rig()
    const channel = socket.channel(LOBBY)
    await channel.join()
    const left = channel.leave()
    expect([channel.status, channel.leave() === left]).toEqual(['leaving', true])
    await left
    await channel.leave()
    expect([channel.status, sent('phx_leave').length]).toEqual(['left', 1])
    expect(socket.channels).toEqual([])
    expect(socket.channel(LOBBY)).not.toBe(channel)
    await expect(channel.push('new_msg')).rejects.toThrow(failing('left'))
    await expect(channel.presence.update({})).rejects.toThrow(failing('left'))
  })

  test('works while joining: the join rejects, and its acceptance is no join', async () => {
    const { socket, server, sent } = await rig()
    const channel = socket.channel(LOBBY)
    const joined = expect(channel.join()).rejects.toThrow(failing('left'))
    const queued = expect(channel.push('new_msg')).rejects.toThrow(failing('left'))
    await channel.leave()
    await joined
    await queued
    await server.settle()
    expect([channel.status, sent('phx_leave').length]).toEqual(['left', 1])
    expect(socket.channels).toEqual([])
  })

  test('is over at once without a connection, and in time without an answer', async () => {
    const { socket, server, clock } = await rig({ heartbeatIntervalMs: 100_000 })
    const away = socket.channel('room:a')
    const silent = socket.channel('room:b')
    await Promise.all([away.join(), silent.join()])
    server.freeze()
    const left = silent.leave()
    await clock.advance(9_999)
    expect(silent.status).toBe('leaving')
    await clock.advance(1)
    await left
    expect(silent.status).toBe('left')
    server.thaw()
    server.drop()
    await server.settle()
    await away.leave()
    expect(away.status).toBe('left')
  })

  test('a join while leaving follows the leave', async () => {
    const { socket, sent, frames } = await rig()
    const channel = socket.channel(LOBBY)
    await channel.join()
    const left = channel.leave()
    const back = channel.join()
    await Promise.all([left, back])
    expect([channel.status, socket.channel(LOBBY) === channel]).toEqual(['joined', true])
    expect(frames.map(([, , , event]) => event).slice(-3)).toEqual(['phx_join', 'phx_leave', 'phx_join'])
    expect(sent('phx_join')).toHaveLength(2)
  })

  test('a channel that left can join again, unless another one took its place', async () => {
    const { socket } = await rig()
    const channel = socket.channel(LOBBY)
    await channel.join()
    await channel.leave()
    await channel.join()
    expect([channel.status, socket.channel(LOBBY)]).toEqual(['joined', channel])
    await channel.leave()
    const other = socket.channel(LOBBY)
    await expect(channel.join()).rejects.toThrow(failing('left'))
    await other.join()
    expect([channel.status, other.status]).toEqual(['left', 'joined'])
  })

  test.each([
    ['replaced', 'replaced'],
    ['kicked', 'kicked'],
    ['drained', 'left'],
  ] as const)('the server may end it: %s', async (reason, code) => {
    const { socket, server, clock } = await rig()
    const channel = socket.channel(LOBBY)
    await channel.join()
    const heard: string[] = []
    channel.subscribe(() => heard.push(channel.status))
    server.kick(LOBBY, reason)
    await server.settle()
    expect(channel.getSnapshot()).toMatchObject({ status: 'left', error: { code, reason } })
    expect([heard, channel.presence.size, socket.channels]).toEqual([['left'], 0, []])
    await clock.advance(60_000)
    expect(channel.status).toBe('left')
  })
})

describe('a lost connection', () => {
  test('[C-15] all channels that were joined join again', async () => {
    const { socket, server, clock } = await rig()
    const channels = ['room:a', 'room:b', 'room:c'].map((topic) => socket.channel(topic))
    await Promise.all(channels.slice(0, 2).map((channel) => channel.join()))
    server.drop()
    await server.settle()
    expect(channels.map(({ status }) => status)).toEqual(['away', 'away', 'idle'])
    await clock.advance(1_000)
    expect(channels.map(({ status }) => status)).toEqual(['joined', 'joined', 'idle'])
  })

  test('a channel that failed on the server joins again', async () => {
    const { socket, server, clock, sent } = await rig()
    const channel = socket.channel(LOBBY)
    await channel.join()
    const [joinRef] = sent('phx_join')[0] ?? []
    server.sendRaw(JSON.stringify([joinRef, joinRef, LOBBY, 'phx_error', { reason: 'handler_failed' }]))
    await server.settle()
    expect(channel.getSnapshot()).toMatchObject({ status: 'away', error: { reason: 'handler_failed' } })
    await clock.advance(250)
    expect(channel.status).toBe('joined')
  })

  test('[C-14] a disconnect tells everybody who waits, and a join begins again with the next connection', async () => {
    const { socket, server } = await rig()
    const channel = socket.channel(LOBBY)
    await channel.join()
    server.freeze()
    const pushed = expect(channel.push('a')).rejects.toThrow(failing('disconnected'))
    const other = socket.channel('room:other')
    const joined = expect(other.join()).rejects.toThrow(failing('disconnected'))
    const queued = expect(other.push('b')).rejects.toThrow(failing('disconnected'))
    server.thaw()
    await Promise.all([socket.disconnect(), pushed, joined, queued])
    socket.connect()
    await server.settle()
    expect([channel.status, other.status]).toEqual(['joined', 'joined'])
  })
})

describe('pushing', () => {
  test('resolves with the response; events reach those who listen', async () => {
    const { socket, server } = await rig()
    const channel = socket.channel(LOBBY)
    await channel.join()
    server.answer('sum', (payload) => ({ ok: { of: payload } }))
    expect(await channel.push('sum', [1, 2])).toEqual({ of: [1, 2] })
    const heard = vi.fn()
    channel.on('new_msg', heard)
    channel.once('new_msg', heard)
    await channel.push('new_msg', { body: 'hi' })
    await channel.push('new_msg', { body: 'ho' })
    channel.off('new_msg', heard)
    await channel.push('new_msg')
    expect(heard.mock.calls).toEqual([[{ body: 'hi' }], [{ body: 'hi' }], [{ body: 'ho' }]])
  })

  test('rejects with what the server said', async () => {
    const { socket, server } = await rig()
    const channel = socket.channel(LOBBY)
    await channel.join()
    server.answer('bad', () => ({ error: 'too rude' }))
    await expect(channel.push('bad')).rejects.toThrow(failing('push_failed', { reason: 'too rude' }))
  })

  test('[C-8] waits for the join, and while away for the rejoin, in order', async () => {
    const { socket, server, clock, frames } = await rig()
    const channel = socket.channel(LOBBY)
    const early = [channel.push('a'), channel.push('b')]
    await channel.join()
    await Promise.all(early)
    server.drop()
    await server.settle()
    const late = [channel.push('c'), channel.push('d')]
    await clock.advance(1_000)
    const after = channel.push('e')
    await Promise.all([...late, after])
    expect(server.pushes(LOBBY).map(({ event }) => event)).toEqual(['a', 'b', 'c', 'd', 'e'])
    const joinRef = frames.filter((frame) => frame[3] === 'phx_join').at(-1)?.[0]
    expect(frames.filter((frame) => 'cde'.includes(frame[3])).map((frame) => frame[0])).toEqual([
      joinRef,
      joinRef,
      joinRef,
    ])
  })

  test('[C-8] what is sent from within a listener of the join comes after what was queued', async () => {
    const { socket, server } = await rig()
    const channel = socket.channel(LOBBY)
    channel.subscribe(() => {
      if (channel.status === 'joined') channel.push('from the listener').catch(() => {})
    })
    channel.push('queued').catch(() => {})
    await channel.join()
    await server.settle()
    expect(server.pushes(LOBBY).map(({ event }) => event)).toEqual(['queued', 'from the listener'])
  })

  test('[C-8] is refused over the bound', async () => {
    const { socket, server } = await rig({ maxQueuedPushes: 1 })
    const channel = socket.channel(LOBBY)
    const fits = channel.push('a')
    await expect(socket.channel('room:other').push('b')).rejects.toThrow(failing('queue_full'))
    await channel.join()
    await fits
    expect(server.pushes(LOBBY)).toHaveLength(1)
  })

  test('[C-14] rejects in time; the late answer is ignored', async () => {
    const { socket, server, clock, sent } = await rig()
    const channel = socket.channel(LOBBY)
    await channel.join()
    server.answer('slow', () => 'silence')
    const caught = expect(channel.push('slow', {}, { timeoutMs: 500 })).rejects.toThrow(failing('timeout'))
    await clock.advance(500)
    await caught
    const [joinRef, ref] = sent('slow')[0] ?? []
    server.sendRaw(JSON.stringify([joinRef, ref, LOBBY, 'phx_reply', { status: 'ok', response: {} }]))
    await server.settle()
    expect(channel.status).toBe('joined')
  })

  test('a push that was sent when the connection broke is not sent again', async () => {
    const { socket, server, clock } = await rig()
    const channel = socket.channel(LOBBY)
    await channel.join()
    server.answer('slow', () => 'silence')
    const caught = expect(channel.push('slow')).rejects.toThrow(failing('disconnected'))
    await server.settle()
    server.drop()
    await clock.advance(1_000)
    await caught
    expect([channel.status, server.pushes(LOBBY).length]).toEqual(['joined', 1])
  })

  test('refuses what belongs to the protocol, and what is not JSON', async () => {
    const { socket, sent } = await rig()
    const channel = socket.channel(LOBBY)
    await channel.join()
    const cycle: { self?: object } = {}
    cycle.self = cycle
    for (const pushed of [
      channel.push('phx_leave'),
      channel.push('presence_state'),
      channel.push(''),
      channel.push('new_msg', cycle),
      channel.push('new_msg', {}, { timeoutMs: -1 }),
    ]) {
      await expect(pushed).rejects.toThrow(failing('invalid_argument'))
    }
    expect(sent('phx_leave')).toEqual([])
  })

  test('[C-12] a listener that throws does not stop the others', async () => {
    const reported = vi.fn()
    vi.stubGlobal('reportError', reported)
    const { socket, server } = await rig()
    const channel = socket.channel(LOBBY)
    const heard = vi.fn()
    channel.on('new_msg', () => {
      throw new Error('bad listener')
    })
    channel.on('new_msg', heard)
    await channel.join()
    server.broadcast(LOBBY, 'new_msg', 1)
    server.broadcast(LOBBY, 'new_msg', 2)
    await server.settle()
    expect(heard.mock.calls).toEqual([[1], [2]])
    expect(reported).toHaveBeenCalledTimes(2)
  })
})

describe('retaining', () => {
  test('[C-13] joins for the first and leaves after the last', async () => {
    const { socket, server, clock, sent } = await rig()
    const channel = socket.channel(LOBBY)
    const release = [channel.retain(), channel.retain()]
    await server.settle()
    expect(channel.status).toBe('joined')
    release[0]?.()
    release[0]?.()
    await clock.advance(10)
    expect(channel.status).toBe('joined')
    release[1]?.()
    await clock.advance(0)
    expect([channel.status, sent('phx_join').length, sent('phx_leave').length]).toEqual(['left', 1, 1])
  })

  test('[C-13] letting go and holding on again at once, as StrictMode does, changes nothing', async () => {
    const { socket, server, clock, sent } = await rig()
    const channel = socket.channel(LOBBY)
    channel.retain()()
    const release = channel.retain()
    await clock.advance(100)
    expect([channel.status, sent('phx_join').length, sent('phx_leave').length]).toEqual(['joined', 1, 0])
    release()
    channel.retain()
    await clock.advance(100)
    await server.settle()
    expect([channel.status, sent('phx_join').length, sent('phx_leave').length]).toEqual(['joined', 1, 0])
  })

  test('a channel joined by hand stays when the last lets go', async () => {
    const { socket, clock } = await rig()
    const channel = socket.channel(LOBBY)
    await channel.join()
    channel.retain()()
    await clock.advance(100)
    expect(channel.status).toBe('joined')
  })

  test('a refused channel is not asked for again by each who retains it, and is given up by the last', async () => {
    const { socket, server, clock, sent } = await rig()
    server.refuse(LOBBY, 'no')
    const channel = socket.channel(LOBBY)
    const releases = [channel.retain()]
    await server.settle()
    releases.push(channel.retain())
    expect([channel.status, sent('phx_join').length]).toEqual(['refused', 1])
    for (const release of releases) release()
    await clock.advance(0)
    expect([channel.status, socket.channels]).toEqual(['left', []])
  })

  test('can be retained again after it has left', async () => {
    const { socket, server, clock } = await rig()
    const channel = socket.channel(LOBBY)
    const release = channel.retain()
    await server.settle()
    release()
    await clock.advance(0)
    channel.retain()
    await server.settle()
    expect(channel.status).toBe('joined')
  })
})

describe('snapshots', () => {
  test('[C-9] are the same object until something changes', async () => {
    const { socket, server, clock } = await rig()
    const channel = socket.channel(LOBBY)
    const seen: string[] = []
    const unsubscribe = channel.subscribe(() => seen.push(channel.getSnapshot().status))
    expect(channel.getSnapshot()).toBe(channel.getSnapshot())
    await channel.join()
    const joined = channel.getSnapshot()
    await channel.push('new_msg')
    await clock.advance(30_000)
    expect(channel.getSnapshot()).toBe(joined)
    server.drop()
    await clock.advance(1_000)
    expect(seen).toEqual(['joining', 'joined', 'away', 'joining', 'joined'])
    unsubscribe()
    await channel.leave()
    expect(seen).toHaveLength(5)
  })
})
