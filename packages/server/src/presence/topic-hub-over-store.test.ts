import { vixDialect } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { ListeningMember, testRegistry, WITH_STATE, watched } from '../testing-support/test-registry'

const topic = 'room:lobby'

describe('[S-11] a store that fails', () => {
  test('and recovers loses nothing, and no subscriber received anything false', async () => {
    const { registry, clock, watcher, store, log } = await watched()
    registry.track('s1', topic, 'ada', {})
    await clock.advance(500)
    watcher.heard()
    store.isDown = true
    registry.track('s2', topic, 'bob', {})
    registry.update('s1', topic, { n: 1 })
    await clock.advance(1000)
    expect(watcher.heard()).toEqual([])
    expect(log.of('warn').length).toBeGreaterThan(1)
    registry.track('s3', topic, 'cy', {})
    registry.untrack('s2', topic)
    await clock.advance(1000)
    store.isDown = false
    await clock.advance(1000)
    expect(watcher.heard()).toMatchObject([
      ['presence_diff', { joins: [{ key: 'cy' }], updates: [{ ref: 'n1-0', rev: 1 }], leaves: [] }],
    ])
    expect((await registry.list(topic)).map(({ key }) => key).sort()).toEqual(['ada', 'cy'])
  })

  test('leaves the node with its accepted changes while it is down', async () => {
    const { registry, clock, store } = await watched()
    store.isDown = true
    registry.track('s1', topic, 'ada', {})
    await clock.advance(1000)
    expect((await registry.list(topic)).map(({ key }) => key)).toEqual(['ada'])
  })

  test('[S-28] lets returning clients see the known state, and newcomers wait', async () => {
    const { registry, clock, watcher, store } = await watched()
    registry.track('s1', topic, 'ada', {})
    await clock.advance(500)
    watcher.heard()
    store.isDown = true
    registry.track('s2', topic, 'bob', {})
    await clock.advance(1000)
    const [returning, fresh] = [new ListeningMember(), new ListeningMember()]
    registry.hub(topic).attach(returning, { ...WITH_STATE, isReturning: true })
    registry.hub(topic).attach(fresh, WITH_STATE)
    await clock.advance(1000)
    expect(returning.heard()).toMatchObject([['presence_state', { presences: [{ key: 'ada' }] }]])
    expect(fresh.heard()).toEqual([])
    store.isDown = false
    await clock.advance(1000)
    expect(returning.heard()).toMatchObject([['presence_diff', { joins: [{ key: 'bob' }] }]])
    expect(fresh.heard()).toMatchObject([['presence_state', { presences: [{ key: 'ada' }, { key: 'bob' }] }]])
  })

  test('from the beginning makes joiners wait until it is reachable', async () => {
    const { registry, clock, store } = testRegistry()
    store.isDown = true
    const joiner = new ListeningMember()
    registry.track('s1', topic, 'ada', {})
    registry.hub(topic).attach(joiner, WITH_STATE)
    await clock.advance(2000)
    expect(joiner.heard()).toEqual([])
    store.isDown = false
    await clock.advance(1000)
    expect(joiner.heard()).toMatchObject([['presence_state', { presences: [{ key: 'ada' }] }]])
    expect(store.subscriptions).toBe(1)
  })

  test('is tried again at a bounded rate', async () => {
    const { registry, clock, store } = await watched()
    store.isDown = true
    for (let i = 0; i < 100; i++) {
      registry.track('s1', topic, 'ada', { i })
      await clock.advance(10)
    }
    expect(store.failures).toBeLessThanOrEqual(5)
    expect(store.failures).toBeGreaterThan(2)
  })

  test('that cannot publish causes a warning, and this node’s subscribers receive the event', async () => {
    const { registry, clock, store, log, watcher } = await watched()
    store.isDown = true
    registry.broadcast(topic, 'message', { text: 'hi' })
    await clock.settle()
    expect(watcher.heard()).toEqual([['message', { text: 'hi' }]])
    expect(log.of('warn')).toHaveLength(1)
  })
})

describe('[S-11] a store that restarts', () => {
  test('causes the new state for every subscriber, and no diff across two histories', async () => {
    const { registry, clock, watcher } = await watched()
    registry.track('s1', topic, 'ada', {})
    await clock.advance(500)
    watcher.heard()
    const hub = registry.hub(topic)
    hub.onSnapshot({ epoch: 'new', seq: 7, digest: 0, presences: [] })
    hub.onDiff({
      ...{ epoch: 'new', base: 7, seq: 8, digest: 0, updates: [], leaves: [] },
      joins: [{ ref: 'x', key: 'xi', rev: 0, meta: {} }],
    })
    await clock.advance(500)
    expect(watcher.heard()).toMatchObject([
      ['presence_state', { epoch: 'new', seq: 8, presences: [{ key: 'xi' }] }],
    ])
  })
})

describe('[S-11] a store that restarts within a window', () => {
  test('discards its last diffs before any subscriber receives them', async () => {
    const { registry, clock } = await watched({ flush: { floorMs: 100 } })
    const vix = new ListeningMember(vixDialect)
    registry.hub(topic).attach(vix, { ...WITH_STATE, withState: false })
    await clock.settle()
    vix.heard()
    const hub = registry.hub(topic)
    const { epoch, seq } = await clock.advance(0).then(() => registry.diff(topic))
    const joins = [{ ref: 'x', key: 'xi', rev: 0, meta: {} }]
    hub.onDiff({ epoch, base: seq, seq: seq + 1, digest: 0, joins, updates: [], leaves: [] })
    hub.onSnapshot({ epoch: 'new', seq: 0, digest: 0, presences: [] })
    await clock.advance(500)
    expect(vix.heard()).toEqual([['presence.current', { users: [] }]])
  })
})

describe('[S-9] the histories of all topics', () => {
  const MAX_BYTES = 20_000
  const bounds = { history: { maxBytes: MAX_BYTES, maxTotalBytes: MAX_BYTES } }

  test('stay within the node’s budget for any number of busy topics', async () => {
    const { registry, clock } = testRegistry(bounds)
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 30; i++) registry.track('mallory', `own:${i}`, 'mallory', { [`n${round}-${i}`]: 1 })
      await clock.advance(500)
      expect(registry.historyBytes).toBeLessThanOrEqual(MAX_BYTES)
    }
    expect(registry.historyBytes).toBeGreaterThan(MAX_BYTES / 2)
  })

  test('hold nothing of a forgotten topic, even if the store still reports it', async () => {
    const { registry, clock, watcher } = await watched(bounds)
    registry.track('s1', topic, 'ada', {})
    await clock.advance(500)
    expect(registry.historyBytes).toBeGreaterThan(0)
    const hub = registry.hub(topic)
    const { epoch, seq } = await clock.advance(0).then(() => registry.diff(topic))
    registry.untrack('s1', topic)
    registry.hub(topic).detach(watcher)
    await clock.advance(500)
    expect([registry.topicCount, registry.historyBytes]).toEqual([0, 0])
    const joins = [{ ref: 'x', key: 'xi', rev: 0, meta: {} }]
    // The leave was the one after that.
    hub.onDiff({ epoch, base: seq + 1, seq: seq + 2, digest: 0, joins, updates: [], leaves: [] })
    expect(registry.historyBytes).toBe(0)
  })
})

describe('[S-9] a topic that nobody needs is forgotten', () => {
  test('with its store subscription, after the last presence and the last subscriber have left', async () => {
    const { registry, clock, watcher, store, state } = await watched()
    registry.track('s1', topic, 'ada', {})
    await clock.advance(500)
    registry.hub(topic).detach(watcher)
    await clock.advance(500)
    expect(registry.topicCount).toBe(1)
    registry.untrack('s1', topic)
    await clock.advance(500)
    expect([registry.topicCount, store.subscriptions, state.topics.size]).toEqual([0, 0, 0])
    expect(clock.pendingCount).toBe(0)
  })

  test('also in the other order', async () => {
    const { registry, clock, watcher, store } = await watched()
    registry.track('s1', topic, 'ada', {})
    await clock.advance(500)
    registry.untrack('s1', topic)
    await clock.advance(500)
    expect(registry.topicCount).toBe(1)
    registry.hub(topic).detach(watcher)
    await clock.advance(500)
    expect([registry.topicCount, store.subscriptions]).toEqual([0, 0])
  })

  test('also if somebody joined and left at once', async () => {
    const { registry, clock, store } = testRegistry()
    const brief = new ListeningMember()
    registry.hub(topic).attach(brief, WITH_STATE)
    registry.hub(topic).detach(brief)
    registry.track('s1', topic, 'ada', {})
    registry.untrack('s1', topic)
    await clock.advance(500)
    expect([registry.topicCount, store.subscriptions]).toEqual([0, 0])
    expect(brief.heard()).toEqual([])
  })

  test('but not if somebody returns during its last flush', async () => {
    const { registry, clock, watcher, store } = await watched()
    registry.track('s1', topic, 'ada', {})
    await clock.advance(500)
    registry.hub(topic).detach(watcher)
    registry.untrack('s1', topic)
    let open = () => {}
    store.gate = new Promise((resolve) => {
      open = resolve
    })
    await clock.settle()
    registry.track('s2', topic, 'bob', {})
    open()
    await clock.advance(500)
    expect((await registry.list(topic)).map(({ key }) => key)).toEqual(['bob'])
  })

  test('a closed registry leaves nothing running', async () => {
    const { registry, clock, store } = await watched()
    registry.track('s1', topic, 'ada', {})
    await clock.settle()
    registry.track('s1', topic, 'ada', { n: 1 })
    registry.close()
    await clock.advance(1000)
    expect([registry.topicCount, store.subscriptions, clock.pendingCount]).toEqual([0, 0, 0])
  })

  test('a registry that is closed while it subscribes leaves no subscription behind', async () => {
    const { registry, clock, store } = testRegistry()
    registry.track('s1', topic, 'ada', {})
    clock.soon(() => registry.close())
    await clock.settle()
    await clock.advance(1000)
    expect(store.subscriptions).toBe(0)
  })
})
