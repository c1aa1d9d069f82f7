import type { PresenceDiff, PresenceSnapshot } from '@rollcall/shared-protocol'
import { digestOf } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { HistoryBudget } from './history-budget'
import { TopicState } from './topic-state'

const ada = { ref: 'a', key: 'ada', rev: 0, meta: { n: 1 } }
const bob = { ref: 'b', key: 'bob', rev: 0, meta: {} }
const snapshot: PresenceSnapshot = { epoch: 'e', seq: 4, digest: digestOf([ada]), presences: [ada] }
const diff = (base: number, some: Partial<PresenceDiff>): PresenceDiff => ({
  epoch: 'e',
  base,
  seq: base + 1,
  digest: 0,
  joins: [],
  updates: [],
  leaves: [],
  ...some,
})

function standing(): TopicState {
  const state = new TopicState({ maxDiffs: 3, maxBytes: 1e6 }, new HistoryBudget(1e9))
  state.reset(snapshot)
  return state
}

describe('a topic as the node knows it', () => {
  test('[S-1] knows nothing before its first snapshot, and applies nothing', () => {
    const state = new TopicState({ maxDiffs: 3, maxBytes: 1e6 }, new HistoryBudget(1e9))
    expect(state.position).toBeNull()
    expect(state.apply(diff(0, { joins: [ada] }))).toBeNull()
    expect(state.size).toBe(0)
    expect(() => state.snapshot()).toThrow()
  })

  test('is what the snapshot says', () => {
    expect(standing().snapshot()).toEqual(snapshot)
    expect(standing().position).toEqual({ epoch: 'e', seq: 4 })
    expect(standing().hasKey('ada')).toBe(true)
  })

  test('a diff tells with what was there before', () => {
    const full = standing().apply(
      diff(4, { joins: [bob], updates: [{ ref: 'a', rev: 1, meta: { n: 2 } }], digest: 7 }),
    )
    expect(full).toEqual({
      ...{ epoch: 'e', base: 4, seq: 5, digest: 7 },
      joins: [bob],
      updates: [{ ref: 'a', key: 'ada', rev: 1, meta: { n: 2 }, previous: ada }],
      leaves: [],
      appeared: ['bob'],
      disappeared: [],
    })
  })

  test('a leave tells who it was', () => {
    const full = standing().apply(diff(4, { leaves: [{ ref: 'a', key: 'ada', reason: 'timeout' }] }))
    expect(full?.leaves).toEqual([{ ref: 'a', key: 'ada', reason: 'timeout', presence: ada }])
    expect(full?.disappeared).toEqual(['ada'])
  })

  test.each([
    ['an old one', diff(3, { joins: [bob] })],
    ['one after a gap', diff(5, { joins: [bob] })],
    ['one of another epoch', { ...diff(4, { joins: [bob] }), epoch: 'f' }],
  ])('[S-1] %s is not applied', (_what, one) => {
    const state = standing()
    expect(state.apply(one)).toBeNull()
    expect(state.snapshot()).toEqual(snapshot)
  })
})

describe('[S-7] since a position', () => {
  const moved = () => {
    const state = standing()
    for (let seq = 4; seq < 9; seq++)
      state.apply(diff(seq, { updates: [{ ref: 'a', rev: seq, meta: { seq } }] }))
    return state
  }

  test('of now there is nothing, said by an empty diff', () => {
    const state = moved()
    const none = { joins: [], updates: [], leaves: [], appeared: [], disappeared: [] }
    const { digest } = state.snapshot()
    expect(state.since({ epoch: 'e', seq: 9 })).toEqual({ epoch: 'e', base: 9, seq: 9, digest, ...none })
  })

  test('that is held, the net change', () => {
    expect(moved().since({ epoch: 'e', seq: 6 })).toMatchObject({
      base: 6,
      seq: 9,
      updates: [{ ref: 'a', rev: 8 }],
    })
  })

  test.each([
    ['that is too long ago', { epoch: 'e', seq: 5 }],
    ['of another epoch', { epoch: 'f', seq: 9 }],
    ['of the future', { epoch: 'e', seq: 10 }],
  ])('%s: null', (_what, since) => {
    expect(moved().since(since)).toBeNull()
  })

  test('before a reset nothing is known any more', () => {
    const state = moved()
    state.reset({ ...snapshot, seq: 9 })
    expect(state.since({ epoch: 'e', seq: 8 })).toBeNull()
  })
})
