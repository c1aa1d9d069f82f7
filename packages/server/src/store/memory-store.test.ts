import { describe, expect, test } from 'vitest'
import { storeConformance } from './conformance'
import { RecordingFeed } from './conformance-feed'
import { MemoryStore, MemoryStoreState } from './memory-store'
import type { Change } from './store'

describe('MemoryStore conforms', () => {
  storeConformance({ describe, test }, async (count) => {
    const state = new MemoryStoreState('test-')
    return { nodes: Array.from({ length: count }, () => new MemoryStore(state)) }
  })
})

const put = (ref: string): Change => ({ op: 'put', ref, key: ref, meta: {}, rev: 0 })
const drop = (ref: string): Change => ({ op: 'drop', ref, reason: 'left' })

describe('a memory store', () => {
  test('[S-9] forgets a topic that nobody is in and nobody follows', async () => {
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

  test('begins another epoch after that, as the numbers begin again', async () => {
    const store = new MemoryStore(new MemoryStoreState(''))
    const first = await store.commit('t', [put('a')])
    await store.commit('t', [drop('a')])
    const second = await store.commit('t', [put('b')])
    expect(second.epoch).not.toBe(first.epoch)
  })

  test('of another process has epochs of its own', async () => {
    const epochs = ['p1-', 'p2-'].map(async (prefix) => {
      const store = new MemoryStore(new MemoryStoreState(prefix))
      return (await store.commit('t', [put('a')])).epoch
    })
    expect(new Set(await Promise.all(epochs)).size).toBe(2)
  })

  test('closed, keeps the topics of others', async () => {
    const state = new MemoryStoreState('')
    const [one, other] = [new MemoryStore(state), new MemoryStore(state)]
    await one.subscribe('t', new RecordingFeed())
    await other.commit('t', [put('b')])
    await one.close()
    expect((await other.read('t')).presences).toHaveLength(1)
  })
})
