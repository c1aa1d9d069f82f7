import { digestOf, type Presence } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { resolveSocketOptions } from '../options'
import { VirtualClock } from '../testing/virtual-clock'
import { LOBBY, ScriptedServer } from '../testing-support/scripted-server'
import { PresenceFeed } from './presence-feed'

/* Who is shown while a server that began anew waits for those who were there before. */

type Meta = { n: number }
const ada = (ref: string, n = 0): Presence<Meta> => ({ ref, key: 'ada', meta: { n }, rev: 0 })
const bob = (ref: string, n = 0): Presence<Meta> => ({ ref, key: 'bob', meta: { n }, rev: 0 })

/** Ada and Bob are there; then the connection is lost. */
function rig() {
  const clock = new VirtualClock()
  const told: string[] = []
  const asked: number[] = []
  const server = { recoveringMs: 0 }
  const feed = new PresenceFeed<Meta>(
    resolveSocketOptions({ clock, random: () => 0.5 }),
    () => void asked.push(clock.now()),
    () => server.recoveringMs,
  )
  feed.listeners.on('join', ({ key }) => told.push(`join ${key}`))
  feed.listeners.on('update', ({ key, meta }) => told.push(`update ${key} ${meta.n}`))
  feed.listeners.on('leave', ({ key }, reason) => told.push(`leave ${key} ${reason}`))
  const state = (epoch: string, seq: number, ...presences: Presence<Meta>[]) =>
    feed.dispatch({ kind: 'state', snapshot: { epoch, seq, digest: digestOf(presences), presences } })
  const diff = (base: number, all: Presence<Meta>[], joins: Presence<Meta>[] = []) =>
    feed.dispatch({
      kind: 'diff',
      diff: { epoch: 'e2', base, seq: base + 1, digest: digestOf(all), joins, updates: [], leaves: [] },
    })
  feed.dispatch({ kind: 'joined' })
  state('e1', 7, ada('a1'), bob('b1'))
  feed.dispatch({ kind: 'lost' })
  told.length = 0
  const shown = () => feed.map.list().map(({ key, presences }) => `${key} ${presences.map(({ ref }) => ref)}`)
  return { clock, told, asked, server, feed, state, diff, shown }
}

/** The restarted server knows Ada, and settles for 3 s. */
function recovering() {
  const it = rig()
  it.server.recoveringMs = 3_000
  it.feed.dispatch({ kind: 'joined' })
  it.state('e2', 1, ada('a2'))
  // Her presence is another one now, and says the same.
  expect(it.told).toEqual([])
  return it
}

describe('settling', () => {
  test('[C-23] those whom the new state lacks go on being shown, and the map is stale', () => {
    const { feed, told, shown } = recovering()
    expect(shown()).toEqual(['ada a2', 'bob b1'])
    expect([told, feed.isStale, feed.view.isStale]).toEqual([[], true, true])
  })

  test('[C-23] who is back with the same meta is not told of, and the map is whole', async () => {
    const { feed, told, shown, diff, clock, asked } = recovering()
    diff(1, [ada('a2'), bob('b2')], [bob('b2')])
    expect(shown()).toEqual(['ada a2', 'bob b2'])
    expect([told, feed.isStale]).toEqual([[], false])
    await clock.advance(60_000)
    expect(asked).toEqual([])
  })

  test('[C-23] who is back with another meta is told of as an update', () => {
    const { told, diff } = recovering()
    diff(1, [ada('a2'), bob('b2', 5)], [bob('b2', 5)])
    expect(told).toEqual(['update bob 5'])
  })

  test('[C-23] once the time is over the state is asked for, and nobody has gone before it comes', async () => {
    const { feed, told, shown, clock, asked, server } = recovering()
    await clock.advance(2_999)
    expect(asked).toEqual([])
    await clock.advance(1)
    server.recoveringMs = 0
    expect(asked).toEqual([3_000])
    // Nobody answers: the connection has died, and takes its time to be found dead.
    await clock.advance(9_000)
    expect([told, shown(), feed.isStale]).toEqual([[], ['ada a2', 'bob b1'], true])
  })

  test('[C-23] the state that was asked for tells who has gone, with the reason node_lost', async () => {
    const { feed, told, shown, state, clock, server } = recovering()
    await clock.advance(3_000)
    server.recoveringMs = 0
    state('e2', 1, ada('a2'))
    expect([told, shown(), feed.isStale]).toEqual([['leave bob node_lost'], ['ada a2'], false])
  })

  test('[C-23] a state that comes before the time is over takes nobody away', () => {
    const { told, shown, state } = recovering()
    state('e2', 2, { ...ada('a2', 1), rev: 1 })
    expect([told, shown()]).toEqual([['update ada 1'], ['ada a2', 'bob b1']])
  })

  test('[C-23] of those who were never kept, a leave is a leave meanwhile', () => {
    const { feed, told, diff } = recovering()
    const cyd: Presence<Meta> = { ref: 'c1', key: 'cyd', meta: { n: 0 }, rev: 0 }
    diff(1, [ada('a2'), cyd], [cyd])
    const leaves = [{ ref: 'c1', key: 'cyd', reason: 'left' as const }]
    const gone = {
      epoch: 'e2',
      base: 2,
      seq: 3,
      digest: digestOf([ada('a2')]),
      joins: [],
      updates: [],
      leaves,
    }
    feed.dispatch({ kind: 'diff', diff: gone })
    expect(told).toEqual(['join cyd', 'leave cyd left'])
  })

  test('[C-23] who is back and leaves meanwhile is told as gone once the time is over', async () => {
    const { feed, told, shown, state, clock, server, asked } = recovering()
    const leaves = [{ ref: 'a2', key: 'ada', reason: 'left' as const }]
    const gone = { epoch: 'e2', base: 1, seq: 2, digest: 0, joins: [], updates: [], leaves }
    feed.dispatch({ kind: 'diff', diff: gone })
    expect([told, shown()]).toEqual([[], ['ada a2', 'bob b1']])
    await clock.advance(3_000)
    server.recoveringMs = 0
    expect(asked).toEqual([3_000])
    state('e2', 2)
    expect(told).toEqual(['leave bob node_lost', 'leave ada node_lost'])
  })

  test('[C-23] without a connection nobody counts the time: the next hello says anew', async () => {
    const { feed, told, asked, clock, diff, server, state } = recovering()
    feed.dispatch({ kind: 'lost' })
    await clock.advance(1_000)
    server.recoveringMs = 5_000
    feed.dispatch({ kind: 'joined' })
    diff(1, [ada('a2')])
    await clock.advance(4_999)
    expect([asked, told]).toEqual([[], []])
    await clock.advance(1)
    expect(asked).toEqual([6_000])
    server.recoveringMs = 0
    state('e2', 2, ada('a2'))
    expect(told).toEqual(['leave bob node_lost'])
  })

  test('[C-23] a server that does not settle is believed at once', () => {
    const { feed, told, state } = rig()
    feed.dispatch({ kind: 'joined' })
    state('e2', 1, ada('a2'))
    expect([told, feed.isStale]).toEqual([['update ada 0', 'leave bob closed'], false])
  })

  test('[C-23] one that kept its past is believed, whatever it says of settling', () => {
    const { feed, told, state, server } = rig()
    server.recoveringMs = 3_000
    feed.dispatch({ kind: 'joined' })
    state('e1', 9, ada('a1'))
    expect([told, feed.isStale]).toEqual([['leave bob closed'], false])
  })

  test('a channel that is over keeps nobody', async () => {
    const { feed, told, clock, asked, shown } = recovering()
    feed.dispatch({ kind: 'cleared' })
    await clock.advance(60_000)
    expect([shown(), told, asked, clock.pending]).toEqual([[], [], [], 0])
  })
})

describe('a socket whose server was restarted', () => {
  /** Ada and Bob were there; the server knows Ada, and has said for how long it settles. */
  async function restarted(settling_ms: number) {
    const clock = new VirtualClock()
    const server = new ScriptedServer({ clock }, (ms) => clock.advance(ms))
    server.line.welcome()
    const channel = server.socket.channel(LOBBY)
    channel.join().catch(() => {})
    server.line.answer('phx_join')
    server.line.state('e1', 2, ['ada', 'bob'])
    const gone: string[] = []
    channel.presence.on('leave', ({ key }) => gone.push(key))
    const line = await server.reconnect()
    line.welcome({ token: 't.1', settling_ms })
    line.answer('phx_join')
    line.state('e2', 1, ['ada'])
    return { clock, line, gone, presence: channel.presence }
  }

  test('[C-23] waits for as long as the server says', async () => {
    const { clock, line, gone, presence } = await restarted(3_000)
    await clock.advance(2_999)
    expect([line.of('presence_sync'), presence.isStale]).toEqual([[], true])
    await clock.advance(1)
    expect(line.of('presence_sync')).toHaveLength(1)
    line.state('e2', 1, ['ada'])
    expect([gone, presence.size, presence.isStale]).toEqual([['bob'], 1, false])
  })

  test.each([3_600_000, -3_600_000])(
    '[C-23] a clock that is set by %d ms changes nothing of it',
    async (ms) => {
      const { clock, line, gone } = await restarted(3_000)
      clock.jump(ms)
      line.state('e2', 2, ['ada'])
      await clock.advance(2_999)
      expect([line.of('presence_sync'), gone]).toEqual([[], []])
      await clock.advance(1)
      expect(line.of('presence_sync')).toHaveLength(1)
    },
  )
})
