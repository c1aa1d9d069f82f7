import { describe, expect, test } from 'vitest'
import { storeConformance } from '../../conformance/store-conformance'
import { RecordingFeed } from '../../conformance/store-feed'
import { VirtualClock } from '../../testing-support/virtual-clock'
import type { Change, StoredSession } from '../store'
import { MemoryStore, MemoryStoreState } from './memory-store'

describe('[S-18, S-22, S-24, S-25] MemoryStore conforms', () => {
  storeConformance({ describe, test }, async (count) => {
    const state = new MemoryStoreState('test-')
    return { nodes: Array.from({ length: count }, () => new MemoryStore(state)) }
  })
})

const put = (ref: string): Change => ({
  op: 'put',
  ref,
  key: ref,
  meta: {},
  rev: 0,
  owner: `owner of ${ref}`,
})
const drop = (ref: string): Change => ({ op: 'drop', ref, reason: 'left' })

describe('a memory store', () => {
  test('[S-9] forgets a topic without presences and subscribers', async () => {
    const state = new MemoryStoreState('')
    const store = new MemoryStore(state)
    await store.commit('t', [put('a')])
    await store.commit('t', [drop('a')])
    await store.read('never')
    await store.commit('never', [drop('a')])
    expect(state.topics.size).toBe(0)
    const subscription = await store.subscribe('t', new RecordingFeed())
    expect(state.topics.size).toBe(1)
    subscription.cancel()
    expect(state.topics.size).toBe(0)
  })

  test('begins another epoch for a forgotten topic, as its numbers begin again', async () => {
    const store = new MemoryStore(new MemoryStoreState(''))
    const first = await store.commit('t', [put('a')])
    await store.commit('t', [drop('a')])
    const second = await store.commit('t', [put('b')])
    expect(second.epoch).not.toBe(first.epoch)
  })

  test('of another process has its own epochs', async () => {
    const epochs = ['p1-', 'p2-'].map(async (prefix) => {
      const store = new MemoryStore(new MemoryStoreState(prefix))
      return (await store.commit('t', [put('a')])).epoch
    })
    expect(new Set(await Promise.all(epochs)).size).toBe(2)
  })

  test('keeps the topics of other nodes when it closes', async () => {
    const state = new MemoryStoreState('')
    const [one, other] = [new MemoryStore(state), new MemoryStore(state)]
    await one.subscribe('t', new RecordingFeed())
    await other.commit('t', [put('b')])
    await one.close()
    expect((await other.read('t')).presences).toHaveLength(1)
  })
})

describe('[S-24] a node of a memory store', () => {
  const session = (id: string): StoredSession => ({
    id,
    identityId: 'ada',
    isGuest: false,
    dialect: 'rollcall',
    instance: null,
    current: 'hash',
    previous: null,
  })

  async function shared() {
    const clock = new VirtualClock()
    const state = new MemoryStoreState('e', { clock, sessionTtlMs: 5000 })
    const [one, other] = [new MemoryStore(state), new MemoryStore(state)]
    const feed = new RecordingFeed()
    await other.subscribe('t', feed)
    await one.commit('t', [put('a'), put('b')])
    await one.sessions.save(session('s'))
    const reasons = () =>
      feed.diffs.flatMap(({ leaves }) => leaves.map(({ ref, reason }) => `${ref} ${reason}`))
    return { clock, state, one, other, reasons, feed }
  }

  test('that crashes keeps its presences until it is lost; then they leave in one diff', async () => {
    const { state, one, other, reasons, feed } = await shared()
    one.crash()
    await expect(one.commit('t', [put('c')])).rejects.toThrow('can commit no more changes')
    expect(await other.count('t')).toBe(2)
    await other.adopt('t', 'owner of a')
    state.lose(one)
    expect(reasons()).toEqual(['b node_lost'])
    expect(feed.diffs).toHaveLength(2)
    expect(feed.problems).toEqual([])
  })

  test('that is lost leaves its sessions claimable for their TTL', async () => {
    const { clock, state, one, other } = await shared()
    one.crash()
    state.lose(one)
    await one.sessions.save(session('s'))
    await clock.advance(4999)
    const entry = await other.sessions.read('s')
    expect(await other.sessions.claim(session('s'), entry?.version ?? -1)).toBe(true)
    await clock.advance(5000)
    expect(state.sessions.size).toBe(1)
    await other.sessions.forget('s')
    expect(state.sessions.size).toBe(0)
  })

  test('that closes without a handoff is lost at once', async () => {
    const { one, reasons } = await shared()
    await one.close()
    expect(reasons()).toEqual(['a node_lost', 'b node_lost'])
  })

  test('[S-9] leaves no timer when it is the last one', async () => {
    const { clock, state, one, other } = await shared()
    await one.handOff(60_000)
    await one.close()
    expect(clock.pendingCount).toBe(1)
    await other.close()
    expect(clock.pendingCount).toBe(0)
    expect([state.topics.size, state.sessions.size]).toEqual([0, 0])
  })
})
