import { afterEach, describe, expect, test, vi } from 'vitest'
import type { SocketOptions } from '../options'
import { Socket } from '../socket'
import { createFakeServer } from '../testing/fake-server'
import { VirtualClock } from '../testing/virtual-clock'

const LOBBY = 'room:lobby'
interface Meta {
  name: string
  typing?: boolean
}

/** Ada, connected but not yet in the lobby, where Bob is. */
async function rig(options: SocketOptions = {}) {
  const clock = new VirtualClock()
  const server = createFakeServer()
  const socket = new Socket('ws://test/socket', {
    clock,
    transport: server.transport,
    random: () => 0.5,
    params: { user_id: 'ada' },
    ...options,
  })
  const lobby = server.presence(LOBBY)
  lobby.join('bob', { name: 'Bob' })
  socket.connect()
  await server.settle()
  const channel = socket.channel<Meta>(LOBBY, { meta: { name: 'Ada' } })
  return { clock, server, socket, lobby, channel, presence: channel.presence }
}

/** The same after the join, with a record of the events from then on. */
async function joinedRig(options: SocketOptions = {}) {
  const it = await rig(options)
  await it.channel.join()
  await it.server.settle()
  const told: string[] = []
  const { presence } = it
  presence.on('sync', ({ size }) => told.push(`sync ${size}`))
  presence.on('join', ({ key }) => told.push(`join ${key}`))
  presence.on('update', ({ key, presences }, previous) =>
    told.push(`update ${key} ${previous.presences.length}>${presences.length}`),
  )
  presence.on('leave', ({ key }, reason) => told.push(`leave ${key} ${reason}`))
  return { ...it, told }
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('the map', () => {
  test('holds everybody once the snapshot is there', async () => {
    const { presence, channel, server } = await rig()
    expect([presence.size, presence.isSynced, presence.isStale]).toEqual([0, false, false])
    await channel.join()
    await server.settle()
    expect(presence.getSnapshot()).toEqual({ list: presence.list(), size: 2, isSynced: true, isStale: false })
    expect(presence.list().map(({ key, meta }) => [key, meta.name])).toEqual([
      ['bob', 'Bob'],
      ['ada', 'Ada'],
    ])
    expect([presence.has('bob'), presence.has('eve'), presence.get('eve')]).toEqual([true, false, undefined])
    expect([...presence.keys()]).toEqual(['bob', 'ada'])
    expect([...presence]).toEqual([
      ['bob', presence.get('bob')],
      ['ada', presence.get('ada')],
    ])
    expect(presence.get('bob')?.presences).toEqual([{ ref: 'p1', key: 'bob', meta: { name: 'Bob' }, rev: 0 }])
  })

  test('tells the first snapshot as joins, then as a sync', async () => {
    const { presence, channel, server } = await rig()
    const told: unknown[] = []
    presence.on('join', ({ key }) => told.push(key))
    presence.once('sync', (view) => told.push(view.size, presence.getSnapshot() === view))
    await channel.join()
    await server.settle()
    expect(told).toEqual(['bob', 'ada', 2, true])
  })

  test('first one in, last one out: a key with two devices joins and leaves once', async () => {
    const { lobby, server, told, presence } = await joinedRig()
    const devices: string[] = []
    presence.on('presence_join', ({ ref }) => devices.push(`+${ref}`))
    presence.on('presence_update', ({ ref, rev }, previous) => devices.push(`~${ref} ${previous.rev}>${rev}`))
    presence.on('presence_leave', ({ ref }, reason) => devices.push(`-${ref} ${reason}`))
    const phone = lobby.join('cyd', { name: 'Cyd' })
    const laptop = lobby.join('cyd', { name: 'Cyd' })
    lobby.update('cyd', { name: 'Cyd 2' }, phone)
    lobby.leave('cyd', 'left', phone)
    lobby.leave('cyd', 'timeout', laptop)
    await server.settle()
    expect(told).toEqual([
      'join cyd',
      'update cyd 1>2',
      'update cyd 2>2',
      'update cyd 2>1',
      'leave cyd timeout',
    ])
    expect(devices).toEqual([
      `+${phone}`,
      `+${laptop}`,
      `~${phone} 0>1`,
      `-${phone} left`,
      `-${laptop} timeout`,
    ])
  })

  test('[C-17] listeners are called after the map is whole, subscribers once for each frame', async () => {
    const { lobby, server, presence } = await joinedRig()
    const seen: unknown[] = []
    let notices = 0
    presence.on('presence_join', ({ key }) => seen.push(presence.has(key)))
    presence.on('join', ({ key }) => seen.push(presence.has(key)))
    presence.on('leave', ({ key }) => seen.push(presence.has(key)))
    presence.subscribe(() => {
      notices += 1
    })
    lobby.join('cyd')
    lobby.leave('bob')
    await server.settle()
    expect([seen, notices]).toEqual([[true, true, false], 2])
  })

  test('[C-9] what did not change keeps its identity', async () => {
    const { lobby, server, presence, clock } = await joinedRig()
    const [view, list, bob] = [presence.getSnapshot(), presence.list(), presence.get('bob')]
    await clock.advance(60_000)
    expect([presence.getSnapshot() === view, presence.list() === list]).toEqual([true, true])
    lobby.join('cyd')
    await server.settle()
    expect([presence.getSnapshot() === view, presence.list() === list, presence.get('bob') === bob]).toEqual([
      false,
      false,
      true,
    ])
    expect(view.list).toBe(list)
    expect(list).toHaveLength(2)
  })

  test('[C-12] a listener that throws leaves the map and the others in order', async () => {
    const reported = vi.fn()
    vi.stubGlobal('reportError', reported)
    const { lobby, server, presence, told } = await joinedRig()
    presence.on('join', () => {
      throw new Error('bad listener')
    })
    presence.subscribe(() => {
      throw new Error('bad subscriber')
    })
    lobby.join('cyd')
    lobby.leave('cyd')
    await server.settle()
    expect([presence.size, told]).toEqual([2, ['join cyd', 'leave cyd left']])
    expect(reported).toHaveBeenCalledTimes(3)
  })

  test('a listener can be taken off', async () => {
    const { lobby, server, presence } = await joinedRig()
    const heard = vi.fn()
    presence.on('join', heard).off('join', heard).once('leave', heard).off('leave')
    lobby.join('cyd')
    lobby.leave('cyd')
    await server.settle()
    expect(heard).not.toHaveBeenCalled()
  })

  test('[C-19] strange keys are keys like others', async () => {
    const { lobby, server, presence, told } = await joinedRig()
    const keys = ['__proto__', 'constructor', '', 'k'.repeat(10_000)]
    for (const key of keys) lobby.join(key, { name: 'x' })
    await server.settle()
    expect(presence.size).toBe(6)
    for (const key of keys) {
      expect(presence.get(key)?.key).toBe(key)
      lobby.leave(key)
    }
    await server.settle()
    expect([presence.size, told.length]).toEqual([2, 8])
  })

  test('is empty once the channel has left, without anybody leaving', async () => {
    const { channel, presence, told } = await joinedRig()
    const notices = vi.fn()
    presence.subscribe(notices)
    await channel.leave()
    expect(presence.getSnapshot()).toEqual({ list: [], size: 0, isSynced: false, isStale: false })
    expect([told, notices.mock.calls.length]).toEqual([[], 1])
  })
})

describe('staying in step', () => {
  test('[C-7] after a gap it asks once, shows the last map as stale, and swaps it with the net events', async () => {
    const { lobby, server, presence, told, clock } = await joinedRig()
    const bob = presence.get('bob')
    lobby.loseNext()
    lobby.join('lost', { name: 'Lost' })
    const stale: unknown[] = []
    presence.subscribe(() => stale.push([presence.isStale, presence.size]))
    lobby.join('cyd')
    lobby.join('dan')
    lobby.leave('dan')
    await server.settle()
    expect(stale).toEqual([
      [true, 2],
      [false, 4],
    ])
    expect(told).toEqual(['join lost', 'join cyd', 'sync 4'])
    expect([presence.resyncCount, presence.get('bob') === bob]).toEqual([1, true])
    await clock.advance(60_000)
    expect(presence.resyncCount).toBe(1)
  })

  test('[C-7] a digest that differs is a gap', async () => {
    const { server, presence } = await joinedRig()
    const diff = { epoch: 'epoch-1', base: 2, seq: 3, digest: 5, joins: [], updates: [], leaves: [] }
    server.sendRaw(JSON.stringify([null, null, LOBBY, 'presence_diff', diff]))
    await Promise.resolve()
    expect(presence.isStale).toBe(true)
    // The server is at 2: its answer is from before the diff that it never sent.
    await server.settle()
    expect(presence.isStale).toBe(true)
    server.presence(LOBBY).join('cyd')
    expect(presence.resyncCount).toBe(1)
  })

  test('[C-7] asks again where no answer comes', async () => {
    const { lobby, server, presence, clock } = await joinedRig({ heartbeatIntervalMs: 60_000 })
    lobby.loseNext()
    lobby.join('lost')
    lobby.join('cyd')
    await Promise.resolve()
    server.freeze()
    await clock.advance(5_000)
    expect([presence.isStale, presence.size]).toEqual([true, 2])
    server.thaw()
    await clock.advance(5_000)
    expect([presence.isStale, presence.size, presence.resyncCount]).toEqual([false, 4, 1])
  })

  test('a snapshot that comes twice tells nothing', async () => {
    const { server, told, presence } = await joinedRig()
    const view = presence.getSnapshot()
    const state = { epoch: 'epoch-1', seq: 2, digest: 0, presences: [] }
    server.sendRaw(JSON.stringify([null, null, LOBBY, 'presence_state', state]))
    await server.settle()
    expect([told, presence.getSnapshot()]).toEqual([[], view])
  })

  test('[C-17] a lost connection shows the map as stale; back, there are only the net events', async () => {
    const { lobby, server, presence, told, clock, channel } = await joinedRig()
    const cyd = lobby.join('cyd')
    await server.settle()
    told.length = 0
    server.drop()
    await server.settle()
    expect([channel.status, presence.isStale, presence.isSynced, presence.size]).toEqual([
      'away',
      true,
      true,
      3,
    ])
    lobby.leave('cyd', 'left', cyd)
    lobby.join('dan')
    lobby.join('eve')
    lobby.leave('eve')
    await clock.advance(1_000)
    // Our own presence is another one, of the same key; nobody passed through zero.
    expect(told).toEqual(['join dan', 'update ada 1>1', 'leave cyd closed', 'sync 3'])
    expect([presence.isStale, presence.resyncCount]).toEqual([false, 0])
  })

  test('a server that lost its past begins another epoch, and everybody stays', async () => {
    const { server, presence, told, clock } = await joinedRig()
    server.restart()
    await clock.advance(1_000)
    expect(told.filter((line) => !line.startsWith('update'))).toEqual(['sync 2'])
    expect([...presence.keys()].sort()).toEqual(['ada', 'bob'])
  })
})

describe('our own presence', () => {
  test('[C-10] updates go out at once, then throttled, the latest wins, and settle together', async () => {
    const { presence, clock, server } = await joinedRig()
    const revs: number[] = []
    presence.on('update', ({ presences }) => revs.push(presences[0]?.rev ?? -1))
    await presence.update({ name: 'A' })
    expect(presence.get('ada')?.meta).toEqual({ name: 'A' })
    const settled = vi.fn()
    const all = [
      presence.update({ name: 'B' }),
      presence.patch({ typing: true }),
      presence.patch({ name: 'C' }),
    ]
    for (const one of all) void one.then(settled)
    await server.settle()
    expect([presence.get('ada')?.meta, settled.mock.calls.length]).toEqual([{ name: 'A' }, 0])
    await clock.advance(99)
    expect(settled).not.toHaveBeenCalled()
    await clock.advance(1)
    expect([presence.get('ada')?.meta, settled.mock.calls.length]).toEqual([{ name: 'C', typing: true }, 3])
    void presence.patch({ typing: null })
    expect(presence.get('ada')?.meta).toEqual({ name: 'C', typing: true })
    await clock.advance(100)
    expect(presence.get('ada')?.meta).toEqual({ name: 'C' })
    expect(revs).toEqual([1, 2, 3])
  })

  test('[C-11] what was accepted goes along with the rejoin', async () => {
    const { presence, server, clock } = await joinedRig()
    await presence.patch({ typing: true })
    server.drop()
    await clock.advance(1_000)
    expect(server.joins(LOBBY)).toEqual([{ meta: { name: 'Ada' } }, { meta: { name: 'Ada', typing: true } }])
    expect(presence.get('ada')?.meta).toEqual({ name: 'Ada', typing: true })
  })

  test('[C-11] a field that was removed stays so after each rejoin, though the payload of the join has it', async () => {
    const { presence, server, clock } = await joinedRig()
    await presence.patch({ name: null, typing: true })
    for (let rejoins = 1; rejoins <= 2; rejoins++) {
      server.drop()
      await clock.advance(1_000)
      expect(server.joins(LOBBY).slice(1)).toEqual(Array(rejoins).fill({ meta: { typing: true } }))
      await presence.patch({ typing: true })
    }
    expect(presence.get('ada')?.meta).toEqual({ typing: true })
  })

  test('[C-11] what was wanted while away goes out after the rejoin', async () => {
    const { presence, server, clock, channel } = await joinedRig()
    server.drop()
    await server.settle()
    const wanted = [presence.update({ name: 'B' }), presence.patch({ typing: true })]
    await clock.advance(1_000)
    await Promise.all(wanted)
    expect([channel.status, presence.get('ada')?.meta]).toEqual(['joined', { name: 'B', typing: true }])
  })

  test('[C-11] what was sent and not answered is sent again', async () => {
    const { presence, server, clock } = await joinedRig()
    server.freeze()
    const wanted = presence.update({ name: 'B' })
    await server.settle()
    server.thaw()
    server.drop()
    await clock.advance(1_000)
    await wanted
    expect(presence.get('ada')?.meta).toEqual({ name: 'B' })
  })

  test('a channel that left and is joined again begins with its payload', async () => {
    const { presence, channel, server } = await joinedRig()
    await presence.update({ name: 'B' })
    await channel.leave()
    await channel.join()
    expect(server.joins(LOBBY).at(-1)).toEqual({ meta: { name: 'Ada' } })
  })

  test('[C-14] rejects in time, and stays wanted', async () => {
    const { presence, server, clock, channel } = await joinedRig()
    server.stop()
    await server.settle()
    const caught = expect(presence.update({ name: 'B' })).rejects.toThrow(
      expect.objectContaining({ code: 'timeout' }),
    )
    await clock.advance(60_000)
    await caught
    server.start()
    await clock.advance(60_000)
    expect([channel.status, presence.get('ada')?.meta]).toEqual(['joined', { name: 'B' }])
  })

  test('[C-14] rejects where the server refuses, and where it is not JSON', async () => {
    const { presence, clock } = await joinedRig()
    await expect(presence.update({ name: 'x'.repeat(300) })).rejects.toThrow(
      expect.objectContaining({
        code: 'push_failed',
        reason: 'limit_exceeded',
        response: expect.objectContaining({ limit: 'metaBytes', max: 256, actual: 311 }),
      }),
    )
    await clock.advance(100)
    await expect(presence.update({ name: 1n as never })).rejects.toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    )
  })

  test('need not be awaited', async () => {
    const { presence, channel } = await joinedRig()
    void presence.update({ name: 'B' })
    void presence.update({ name: 'C' })
    await channel.leave()
  })
})
