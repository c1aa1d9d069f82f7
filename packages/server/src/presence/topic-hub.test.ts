import { type PresenceDiff, vixDialect, zzzDialect } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { MemoryStoreState } from '../store/memory/memory-store'
import { ListeningMember, testRegistry, WITH_STATE, watched } from '../testing-support/test-registry'
import { VirtualClock } from '../testing-support/virtual-clock'

const topic = 'room:lobby'
const keysIn = ([, diff]: [string, { joins: { key: string }[] }]) => diff.joins.map(({ key }) => key)

describe('[S-12] the flush', () => {
  test('the first change after a quiet spell goes out at once', async () => {
    const { registry, clock, watcher } = await watched()
    registry.track('s1', topic, 'ada', {})
    await clock.settle()
    expect(watcher.heard().map(([event]) => event)).toEqual(['presence_diff'])
  })

  test('changes within a window go out together, as one diff at its end', async () => {
    const { registry, clock, watcher } = await watched({ flush: { floorMs: 50 } })
    registry.track('s1', topic, 'ada', {})
    await clock.settle()
    watcher.heard()
    for (let i = 2; i < 12; i++) {
      registry.track(`s${i}`, topic, `k${i}`, {})
      await clock.advance(4)
    }
    expect(watcher.heard()).toEqual([])
    await clock.advance(10)
    const diffs = watcher.heard()
    expect(diffs).toHaveLength(1)
    expect(keysIn(diffs[0]!)).toHaveLength(10)
  })

  test('changes of one turn of the event loop share one flush and one commit', async () => {
    const { registry, clock, watcher, store } = await watched()
    const commits = store.commits.length
    for (let i = 0; i < 100; i++) registry.track(`s${i}`, topic, `k${i}`, {})
    await clock.settle()
    expect(keysIn(watcher.heard()[0]!)).toHaveLength(100)
    expect(store.commits.length - commits).toBe(1)
  })

  test('a costly fan-out spaces the flushes, up to the ceiling', async () => {
    const { registry, clock, watcher } = await watched({ flush: { share: 0.1 } })
    watcher.onDeliver = () => clock.elapse(8)
    const flushedAt: number[] = []
    const noteTime = () => {
      if (watcher.heard().length > 0) flushedAt.push(clock.now())
    }
    for (let i = 0; i < 40; i++) {
      registry.track('s1', topic, 'ada', { i })
      await clock.advance(10)
      noteTime()
    }
    const gaps = flushedAt.slice(1).map((at, i) => at - flushedAt[i]!)
    expect(gaps.length).toBeGreaterThan(2)
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(70)
      expect(gap).toBeLessThanOrEqual(210)
    }
  })
})

describe('[S-1] a subscriber that starts', () => {
  test('receives a state that contains its own presence, and no diff before it', async () => {
    const { registry, clock, watcher } = await watched()
    const joiner = new ListeningMember()
    const log: string[] = []
    registry.track('s1', topic, 'ada', {})
    registry
      .hub(topic)
      .attach(joiner, { ...WITH_STATE, onStarted: () => log.push(`frames: ${joiner.frames.length}`) })
    await clock.settle()
    expect(log).toEqual(['frames: 0'])
    const heard = joiner.heard()
    expect(heard.map(([event]) => event)).toEqual(['presence_state'])
    expect(heard[0]![1].presences).toMatchObject([{ key: 'ada' }])
    expect(watcher.heard().map(([event]) => event)).toEqual(['presence_diff'])
  })

  test('during a flush starts with the next one, so that the state contains its own presence', async () => {
    const { registry, clock, store } = await watched()
    let open = () => {}
    store.gate = new Promise((resolve) => {
      open = resolve
    })
    registry.track('s1', topic, 'ada', {})
    await clock.settle()
    const joiner = new ListeningMember()
    registry.track('s2', topic, 'bob', {})
    registry.hub(topic).attach(joiner, WITH_STATE)
    open()
    await clock.advance(500)
    const heard = joiner.heard()
    expect(heard.map(([event]) => event)).toEqual(['presence_state'])
    expect(heard[0]![1].presences.map(({ key }: { key: string }) => key)).toEqual(['ada', 'bob'])
  })

  test('receives a next diff that begins at the state’s position', async () => {
    const { registry, clock } = await watched()
    const joiner = new ListeningMember()
    registry.hub(topic).attach(joiner, WITH_STATE)
    await clock.advance(500)
    registry.track('s1', topic, 'ada', {})
    await clock.advance(500)
    const [state, diff] = joiner.heard().map(([, body]) => body)
    expect([diff.epoch, diff.base]).toEqual([state.epoch, state.seq])
  })

  test('[S-7] receives the missed changes for a known position, and the state otherwise', async () => {
    const { registry, clock, watcher } = await watched()
    registry.track('s1', topic, 'ada', {})
    await clock.advance(500)
    const [[, seen]] = watcher.heard() as [[string, PresenceDiff]]
    registry.track('s2', topic, 'bob', {})
    await clock.advance(500)
    const since = { epoch: seen.epoch, seq: seen.seq }
    const [returning, stranger] = [new ListeningMember(), new ListeningMember()]
    registry.hub(topic).attach(returning, { ...WITH_STATE, since })
    registry.hub(topic).attach(stranger, { ...WITH_STATE, since: { ...since, epoch: 'other' } })
    await clock.advance(500)
    expect(returning.heard()).toMatchObject([['presence_diff', { base: seen.seq, joins: [{ key: 'bob' }] }]])
    expect(stranger.heard()).toMatchObject([
      ['presence_state', { presences: [{ key: 'ada' }, { key: 'bob' }] }],
    ])
  })
})

describe('[S-2, S-3] subscribers receive the net change', () => {
  test('several updates within a window are one update', async () => {
    const { registry, clock, watcher } = await watched()
    registry.track('s1', topic, 'ada', { n: 0 })
    await clock.advance(500)
    watcher.heard()
    for (let n = 1; n <= 5; n++) registry.update('s1', topic, { n })
    await clock.advance(500)
    expect(watcher.heard()).toMatchObject([
      ['presence_diff', { joins: [], updates: [{ ref: 'n1-0', rev: 5, meta: { n: 5 } }], leaves: [] }],
    ])
  })

  test('a join and a leave within a window cancel out', async () => {
    const { registry, clock, watcher, store } = await watched()
    const commits = store.commits.length
    registry.track('s1', topic, 'ada', {})
    registry.untrack('s1', topic)
    await clock.advance(500)
    expect(watcher.heard()).toEqual([])
    expect(store.commits.length).toBe(commits)
  })

  test('changes of several nodes in one window are one diff', async () => {
    const state = new MemoryStoreState('e')
    const clock = new VirtualClock()
    const here = await watched({ state, clock, flush: { floorMs: 50 } })
    const there = testRegistry({ state, clock, name: 'n2' })
    here.registry.track('s1', topic, 'ada', {})
    await clock.settle()
    here.watcher.heard()
    there.registry.track('s9', topic, 'bob', {})
    await clock.advance(10)
    there.registry.update('s9', topic, { n: 1 })
    await clock.advance(10)
    here.registry.update('s1', topic, { n: 1 })
    await clock.advance(500)
    expect(here.watcher.heard()).toMatchObject([
      ['presence_diff', { joins: [{ key: 'bob', rev: 1 }], updates: [{ ref: 'n1-0', rev: 1 }] }],
    ])
  })
})

describe('[S-1] a subscriber that requests the state again', () => {
  test('receives it in place of the diff', async () => {
    const { registry, clock, watcher } = await watched()
    registry.track('s1', topic, 'ada', {})
    registry.hub(topic).requestState(watcher)
    await clock.advance(500)
    expect(watcher.heard()).toMatchObject([['presence_state', { presences: [{ key: 'ada' }] }]])
  })

  test('misses no event meanwhile', async () => {
    const { registry, clock, watcher } = await watched({ flush: { floorMs: 100 } })
    registry.track('s1', topic, 'ada', {})
    await clock.settle()
    watcher.heard()
    registry.hub(topic).requestState(watcher)
    registry.broadcast(topic, 'message', { text: 'hi' })
    await clock.advance(500)
    expect(watcher.heard().map(([event]) => event)).toEqual(['message', 'presence_state'])
  })

  test('receives the list in zzz, and the names in Vix', async () => {
    const { registry, clock } = await watched()
    registry.track('s1', topic, 'ada', { n: 1 })
    const [zzz, vix] = [new ListeningMember(zzzDialect), new ListeningMember(vixDialect)]
    for (const member of [zzz, vix]) registry.hub(topic).attach(member, WITH_STATE)
    await clock.advance(500)
    expect(zzz.heard()).toEqual([['presence_state', [{ key: 'ada', meta: { n: 1 } }]]])
    expect(vix.heard()).toEqual([['presence.current', { users: ['ada'] }]])
  })
})

describe('[S-12] a subscriber that starts without a state', () => {
  test('and becomes present in the same window receives both, in order', async () => {
    const { registry, clock } = await watched({ flush: { floorMs: 100 } })
    registry.track('s1', topic, 'ada', {})
    await clock.settle()
    const vix = new ListeningMember(vixDialect)
    const hub = registry.hub(topic)
    hub.attach(vix, { ...WITH_STATE, withState: false })
    hub.announceOpening()
    registry.track('s2', topic, 'ben', {})
    await clock.advance(500)
    expect(vix.heard()).toEqual([
      ['presence.system', { message: 'A new connection opened' }],
      ['presence.online', { user: 'ben' }],
    ])
  })
})

describe('broadcast', () => {
  test('reaches the subscribers on all nodes once each, except the excluded one', async () => {
    const state = new MemoryStoreState('e')
    const clock = new VirtualClock()
    const here = await watched({ state, clock })
    const there = await watched({ state, clock, name: 'n2' })
    const sender = new ListeningMember()
    here.registry.hub(topic).attach(sender, WITH_STATE)
    await clock.advance(500)
    sender.heard()
    here.registry.broadcast(topic, 'message', { n: 1 }, sender)
    await clock.settle()
    for (const { watcher } of [here, there]) expect(watcher.heard()).toEqual([['message', { n: 1 }]])
    expect(sender.heard()).toEqual([])
  })

  test.each(['presence_state', 'presence_diff', 'phx_close', 'presence.online'])(
    '[S-15] of %s, which belongs to the protocol, throws',
    async (event) => {
      const { registry, clock, watcher } = await watched()
      const mistake = expect.objectContaining({ code: 'invalid_argument' })
      expect(() => registry.broadcast(topic, event, {})).toThrow(mistake)
      await clock.settle()
      expect(watcher.heard()).toEqual([])
    },
  )

  test('to a topic without subscribers goes nowhere, and creates no hub', async () => {
    const { registry, clock } = testRegistry()
    registry.broadcast('nobody:here', 'message', {})
    await clock.settle()
    expect(registry.topicCount).toBe(0)
  })
})

describe('[S-9] a subscriber whose client reads too slowly', () => {
  const namesIn = (member: ListeningMember) => member.heard().map(([event]) => event)

  test('receives no presence, and later one state with all of it', async () => {
    const { registry, clock, watcher } = await watched()
    watcher.isCongested = true
    for (let i = 0; i < 20; i++) {
      registry.track(`s${i}`, topic, `k${i}`, {})
      await clock.advance(300)
    }
    expect(watcher.heard()).toEqual([])
    watcher.isCongested = false
    registry.hub(topic).catchUp(watcher)
    registry.hub(topic).catchUp(watcher)
    registry.track('s20', topic, 'k20', {})
    await clock.advance(300)
    const heard = watcher.heard()
    expect(heard.map(([event]) => event)).toEqual(['presence_state'])
    expect(heard[0]?.[1].presences).toHaveLength(21)
    registry.untrack('s20', topic)
    await clock.advance(300)
    expect(namesIn(watcher)).toEqual(['presence_diff'])
  })

  test('receives the application’s events meanwhile', async () => {
    const { registry, clock, watcher } = await watched()
    watcher.isCongested = true
    registry.track('s1', topic, 'ada', {})
    registry.broadcast(topic, 'news', {})
    await clock.advance(300)
    expect(namesIn(watcher)).toEqual(['news'])
  })

  test('starts meanwhile and receives its state later, with no diff before it', async () => {
    const { registry, clock } = await watched()
    const late = new ListeningMember()
    late.isCongested = true
    let admitted = 0
    registry.hub(topic).attach(late, { ...WITH_STATE, onStarted: () => admitted++ })
    await clock.advance(300)
    registry.track('s1', topic, 'ada', {})
    await clock.advance(300)
    expect([admitted, late.heard()]).toEqual([1, []])
    late.isCongested = false
    registry.track('s2', topic, 'bob', {})
    await clock.advance(300)
    expect(late.heard()).toEqual([])
    registry.hub(topic).catchUp(late)
    await clock.advance(300)
    expect(namesIn(late)).toEqual(['presence_state'])
    expect(admitted).toBe(1)
  })

  test('receives a requested state when it can read', async () => {
    const { registry, clock, watcher } = await watched()
    watcher.isCongested = true
    registry.hub(topic).requestState(watcher)
    await clock.advance(300)
    expect(watcher.heard()).toEqual([])
    watcher.isCongested = false
    registry.hub(topic).catchUp(watcher)
    await clock.advance(300)
    expect(namesIn(watcher)).toEqual(['presence_state'])
  })

  test('receives one state in the end if it is congested again before', async () => {
    const { registry, clock, watcher } = await watched()
    watcher.isCongested = true
    registry.track('s1', topic, 'ada', {})
    await clock.advance(300)
    watcher.isCongested = false
    registry.hub(topic).catchUp(watcher)
    watcher.isCongested = true
    await clock.advance(300)
    expect(watcher.heard()).toEqual([])
    watcher.isCongested = false
    registry.hub(topic).catchUp(watcher)
    await clock.advance(300)
    expect(namesIn(watcher)).toEqual(['presence_state'])
  })

  test('receives nothing more after it has left', async () => {
    const { registry, clock, watcher } = await watched()
    watcher.isCongested = true
    registry.track('s1', topic, 'ada', {})
    await clock.advance(300)
    registry.hub(topic).detach(watcher)
    watcher.isCongested = false
    registry.hub(topic).catchUp(watcher)
    await clock.advance(300)
    expect(watcher.heard()).toEqual([])
    registry.untrack('s1', topic)
    await clock.advance(300)
    expect(registry.topicCount).toBe(0)
  })

  test('receives nothing if nothing happened meanwhile', async () => {
    const { registry, clock, watcher } = await watched()
    watcher.isCongested = true
    await clock.advance(300)
    watcher.isCongested = false
    registry.hub(topic).catchUp(watcher)
    await clock.advance(300)
    expect(watcher.heard()).toEqual([])
  })
})
