import { describe, expect, test } from 'vitest'
import { MemoryStoreState } from '../store/memory/memory-store'
import {
  ListeningMember,
  type TestRegistryOptions,
  testRegistry,
  WITH_STATE,
} from '../testing-support/test-registry'
import { VirtualClock } from '../testing-support/virtual-clock'

/* What a registry makes of a store that other nodes share, and that may be away. */

const topic = 'room:lobby'

async function two(options: TestRegistryOptions = {}) {
  const clock = new VirtualClock()
  const state = new MemoryStoreState('e', { clock })
  const [here, there] = ['n1', 'n2'].map((name) => testRegistry({ ...options, clock, state, name }))
  if (!here || !there) throw new Error('There are two.')
  const watcher = new ListeningMember()
  here.registry.hub(topic).attach(watcher, WITH_STATE)
  await clock.advance(300)
  watcher.heard()
  const seen = async () => {
    await clock.advance(300)
    return watcher.heard().map(([, diff]) => diff)
  }
  const stored = () => state.topic(topic).snapshot().presences
  return { clock, state, here, there, seen, stored }
}

async function soon<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  await clock.advance(300)
  return promise
}

describe('[S-23] count', () => {
  test('is the number of presences on all nodes, with this node’s own changes at once', async () => {
    const { clock, here, there } = await two()
    here.registry.track('a', topic, 'ada', {})
    there.registry.track('b', topic, 'bob', {})
    there.registry.track('c', topic, 'bob', {})
    await clock.advance(300)
    expect(await here.registry.count(topic)).toBe(3)
    here.registry.untrack('a', topic)
    here.registry.track('d', topic, 'dora', {})
    here.registry.track('e', topic, 'eve', {})
    expect(await here.registry.count(topic)).toBe(4)
    await clock.advance(300)
    expect(await there.registry.count(topic)).toBe(4)
  })

  test('comes from the store for a topic without a hub', async () => {
    const { clock, here, there } = await two()
    there.registry.track('b', 'room:other', 'bob', {})
    await clock.advance(300)
    expect(await here.registry.count('room:other')).toBe(1)
    expect(await here.registry.count('room:nobody')).toBe(0)
    expect(here.registry.topicCount).toBe(1)
  })
})

describe('[S-22] adopt', () => {
  test('makes an owner’s presence this node’s own, so that it can be updated', async () => {
    const { clock, here, there, seen } = await two()
    there.registry.track('a', topic, 'ada', { n: 1 })
    const [{ joins }] = (await seen()) as [{ joins: unknown[] }]
    expect(await soon(clock, here.registry.adopt('a', topic))).toEqual(joins[0])
    expect(here.registry.size).toBe(1)
    expect(await seen()).toEqual([])
    here.registry.track('a', topic, 'ada', { n: 2 })
    expect(await seen()).toMatchObject([{ joins: [], updates: [{ rev: 1, meta: { n: 2 } }], leaves: [] }])
    here.registry.untrack('a', topic)
    expect(await seen()).toMatchObject([{ leaves: [{ key: 'ada', reason: 'left' }] }])
  })

  test('ends the other node’s presence if the owner has tracked one here meanwhile', async () => {
    const { clock, here, there, seen, stored } = await two()
    there.registry.track('a', topic, 'ada', { n: 1 })
    await seen()
    const adopted = here.registry.adopt('a', topic)
    const tracked = here.registry.track('a', topic, 'ada', { n: 2 })
    expect(tracked).toMatchObject({ ok: true })
    expect(await soon(clock, adopted)).toEqual(tracked.ok && tracked.presence)
    expect(stored()).toEqual([tracked.ok && tracked.presence])
    expect(here.registry.size).toBe(1)
  })

  test('ends a presence that was ended before it arrived', async () => {
    const { clock, here, there, seen, stored } = await two()
    there.registry.track('a', topic, 'ada', {})
    await seen()
    const adopted = here.registry.adopt('a', topic)
    expect(here.registry.untrack('a', topic, 'closed')).toBe(true)
    expect(here.registry.untrack('a', topic, 'closed')).toBe(false)
    expect(await soon(clock, adopted)).toBe(null)
    expect(stored()).toEqual([])
    expect(here.registry.size).toBe(0)
  })

  test('does nothing on a full node', async () => {
    const { clock, here, there, seen } = await two({ limits: { capacity: 1 } })
    there.registry.track('a', topic, 'ada', {})
    here.registry.track('b', topic, 'bob', {})
    await seen()
    expect(await soon(clock, here.registry.adopt('a', topic))).toBe(null)
    there.registry.update('a', topic, { n: 1 })
    expect(await seen()).toMatchObject([{ updates: [{ meta: { n: 1 } }] }])
  })

  test('waits for a store that is unreachable', async () => {
    const { clock, here, there, seen } = await two()
    there.registry.track('a', topic, 'ada', {})
    await seen()
    here.store.setDown(true)
    const adopted = here.registry.adopt('a', topic)
    await clock.advance(5000)
    expect(here.registry.size).toBe(0)
    here.store.setDown(false)
    expect(await soon(clock, adopted)).toMatchObject({ key: 'ada' })
  })

  test('is tried again after a lost reply, so that no presence is forgotten', async () => {
    const { clock, here, there, seen, stored } = await two()
    there.registry.track('a', topic, 'ada', {})
    await seen()
    here.store.losesAnswers = true
    const adopted = here.registry.adopt('a', topic)
    await clock.advance(100)
    here.registry.untrack('a', topic)
    here.store.losesAnswers = false
    expect(await soon(clock, adopted)).toBe(null)
    await clock.advance(300)
    expect(stored()).toEqual([])
  })

  test('is cancelled if another node goes on with the owner, and takes nothing from that node', async () => {
    const { clock, here, there, seen, stored } = await two()
    here.store.isDown = true
    const adopted = here.registry.adopt('a', topic)
    here.registry.untrack('a', topic, 'replaced')
    await clock.advance(600)
    there.registry.track('a', topic, 'ada', {})
    await clock.advance(300)
    here.registry.handOff('a')
    here.store.isDown = false
    expect(await soon(clock, adopted)).toBeNull()
    expect((await seen()).flatMap(({ leaves = [] }) => leaves)).toEqual([])
    expect(stored()).toMatchObject([{ key: 'ada' }])
    expect(there.registry.update('a', topic, { is: 'still there' }).ok).toBe(true)
    await clock.advance(300)
    expect(stored()).toMatchObject([{ meta: { is: 'still there' } }])
  })

  test('is cancelled when the registry closes', async () => {
    const { clock, here } = await two()
    here.store.setDown(true)
    const adopted = here.registry.adopt('a', topic)
    await clock.advance(1000)
    here.registry.close()
    expect(await soon(clock, adopted)).toBe(null)
    expect(clock.pendingCount).toBe(0)
  })
})

describe('[S-22] a presence that is handed off', () => {
  test('stays until it is released, and then leaves unless another node has adopted it', async () => {
    const { clock, here, there, seen, stored } = await two()
    here.registry.track('a', topic, 'ada', {})
    here.registry.track('a', 'room:2', 'ada', {})
    await seen()
    expect([...here.registry.handOff('a')].sort()).toEqual(['room:2', topic])
    expect(here.registry.get('a', topic)).toBe(undefined)
    expect(await seen()).toEqual([])
    await soon(clock, there.registry.adopt('a', topic))
    here.registry.leaveUnlessAdopted('a', topic)
    here.registry.leaveUnlessAdopted('a', 'room:2')
    // The presence must not disappear even for a moment: the store decides.
    expect((await here.registry.list(topic)).map(({ key }) => key)).toEqual(['ada'])
    expect(await here.registry.count(topic)).toBe(1)
    expect(await seen()).toEqual([])
    expect(stored()).toHaveLength(1)
    expect(await soon(clock, there.registry.list('room:2'))).toEqual([])
    there.registry.untrack('a', topic)
    expect(await seen()).toMatchObject([{ leaves: [{ key: 'ada' }] }])
    await clock.advance(300)
    expect(there.registry.topicCount).toBe(0)
  })

  test('leaves at once if it was never committed', async () => {
    const { here, seen } = await two()
    here.registry.track('a', topic, 'ada', {})
    expect(here.registry.handOff('a')).toEqual([])
    expect(await seen()).toEqual([])
  })
})

describe('[S-28] while the store is unreachable', () => {
  test('the node serves what it knows, and changes wait as net changes', async () => {
    const { clock, here, seen } = await two()
    here.registry.track('a', topic, 'ada', { n: 0 })
    await seen()
    here.store.setDown(true)
    for (let n = 1; n <= 5; n++) expect(here.registry.update('a', topic, { n }).ok).toBe(true)
    here.registry.track('b', topic, 'bob', {})
    await clock.advance(5000)
    expect((await here.registry.list(topic)).map(({ key }) => key)).toEqual(['ada', 'bob'])
    expect(await here.registry.count(topic)).toBe(2)
    expect(await seen()).toEqual([])
    here.store.setDown(false)
    expect(await seen()).toMatchObject([{ joins: [{ key: 'bob' }], updates: [{ meta: { n: 5 } }] }])
  })

  test('[S-9] at most maxQueuedChanges changes wait over all topics, and a leave is never refused', async () => {
    const { clock, here, seen } = await two({ maxQueuedChanges: 3 })
    here.registry.track('a', topic, 'ada', {})
    await seen()
    here.store.setDown(true)
    for (let i = 0; i < 3; i++) expect(here.registry.track(`b${i}`, `room:${i}`, 'bob', {}).ok).toBe(true)
    const refused = [
      here.registry.track('c', topic, 'cy', {}),
      here.registry.update('a', topic, { n: 1 }),
      here.registry.patch('a', topic, { n: 1 }),
    ]
    for (const result of refused) {
      expect(result).toMatchObject({ ok: false, fault: { code: 'store_unavailable', retryAfterMs: 1000 } })
      expect(!result.ok && result.fault.message).toContain('the limit is 3 (server option maxQueuedChanges)')
    }
    // Tracking the same meta again changes nothing.
    expect(here.registry.track('a', topic, 'ada', {}).ok).toBe(true)
    expect(here.registry.untrack('a', topic)).toBe(true)
    // An uncommitted presence frees its place in the backlog when it leaves.
    await clock.advance(1000)
    here.store.setDown(false)
    await clock.advance(1000)
    expect(here.registry.track('c', topic, 'cy', {}).ok).toBe(true)
    here.store.setDown(true)
    expect(here.registry.track('d', topic, 'dora', {}).ok).toBe(true)
  })

  test('[S-54] the limit also holds for a store that rejects commits and reports itself reachable', async () => {
    const { clock, here } = await two({ maxQueuedChanges: 3 })
    const track = (i: number) => here.registry.track(`a${i}`, topic, 'ada', {}).ok
    here.store.isDown = true
    expect(track(0)).toBe(true)
    await clock.advance(500)
    expect([1, 2, 3, 4].map(track)).toEqual([true, true, false, false])
    here.store.isDown = false
    await clock.advance(2000)
    expect(track(5)).toBe(true)
  })

  test('a store that is only slow refuses nothing', async () => {
    const { here } = await two({ maxQueuedChanges: 3 })
    for (let i = 0; i < 10; i++) expect(here.registry.track(`a${i}`, topic, 'ada', {}).ok).toBe(true)
  })
})

describe('[S-11] a commit whose reply is lost', () => {
  test('is tried again and takes effect once', async () => {
    const { clock, here, seen, stored } = await two()
    here.store.losesAnswers = true
    here.registry.track('a', topic, 'ada', {})
    await clock.advance(1000)
    here.store.losesAnswers = false
    expect(await seen()).toMatchObject([{ joins: [{ key: 'ada' }] }])
    expect(stored()).toHaveLength(1)
  })

  test('leaves no presence behind that has left since', async () => {
    const { clock, here, stored } = await two()
    here.store.losesAnswers = true
    here.registry.track('a', topic, 'ada', {})
    await clock.advance(100)
    expect(stored()).toHaveLength(1)
    here.registry.untrack('a', topic)
    here.store.losesAnswers = false
    await clock.advance(1000)
    expect(stored()).toEqual([])
  })
})
