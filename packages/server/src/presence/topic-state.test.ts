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

describe('a topic’s state on this node', () => {
  test('[S-1] is empty before its first snapshot, and applies nothing', () => {
    const state = new TopicState({ maxDiffs: 3, maxBytes: 1e6 }, new HistoryBudget(1e9))
    expect(state.position).toBeNull()
    expect(state.apply(diff(0, { joins: [ada] }))).toBeNull()
    expect(state.size).toBe(0)
    expect(() => state.snapshot()).toThrow('before its first snapshot')
  })

  test('is the snapshot after a reset', () => {
    expect(standing().snapshot()).toEqual(snapshot)
    expect(standing().position).toEqual({ epoch: 'e', seq: 4 })
    expect([standing().hasKey('ada'), standing().hasKey('bob')]).toEqual([true, false])
    expect([standing().has('a'), standing().has('b')]).toEqual([true, false])
    expect([...standing().presences()]).toEqual([ada])
  })

  test('returns a diff with the previous presences', () => {
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

  test('returns a leave with the presence that left', () => {
    const full = standing().apply(diff(4, { leaves: [{ ref: 'a', key: 'ada', reason: 'timeout' }] }))
    expect(full?.leaves).toEqual([{ ref: 'a', key: 'ada', reason: 'timeout', presence: ada }])
    expect(full?.disappeared).toEqual(['ada'])
  })

  test.each([
    ['an old one', diff(3, { joins: [bob] })],
    ['one after a gap', diff(5, { joins: [bob] })],
    ['one that begins before the position and ends at it', { ...diff(3, { joins: [bob] }), seq: 4 }],
    ['one that begins before the position and ends after it', { ...diff(3, { joins: [bob] }), seq: 5 }],
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

  test('that is current, the diff is empty', () => {
    const state = moved()
    const none = { joins: [], updates: [], leaves: [], appeared: [], disappeared: [] }
    const { digest } = state.snapshot()
    expect(state.since({ epoch: 'e', seq: 9 })).toEqual({ epoch: 'e', base: 9, seq: 9, digest, ...none })
  })

  test('that the history holds, the diff is the net change', () => {
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
  ])('%s, the result is null', (_what, since) => {
    expect(moved().since(since)).toBeNull()
  })

  test('from before a reset, the result is null', () => {
    const state = moved()
    state.reset({ ...snapshot, seq: 9 })
    expect(state.since({ epoch: 'e', seq: 8 })).toBeNull()
  })
})

describe('a later state of the same history', () => {
  const later: PresenceSnapshot = { epoch: 'e', seq: 7, digest: digestOf([bob]), presences: [bob] }
  const reasons = new Map([['a', 'timeout' as const]])

  test('[S-57] is applied as the net change, with the reasons of leaves', () => {
    const state = standing()
    expect(state.follow(later, reasons)).toEqual({
      ...{ epoch: 'e', base: 4, seq: 7, digest: later.digest },
      joins: [bob],
      updates: [],
      leaves: [{ ref: 'a', key: 'ada', reason: 'timeout', presence: ada }],
      appeared: ['bob'],
      disappeared: ['ada'],
    })
    expect(state.snapshot()).toEqual(later)
    expect(state.since({ epoch: 'e', seq: 4 })?.leaves).toMatchObject([{ ref: 'a', reason: 'timeout' }])
  })

  test.each([
    ['of another history', { ...later, epoch: 'f' }],
    ['of where this one stands', { ...later, seq: 4 }],
    ['of the past', { ...later, seq: 3 }],
  ])('is refused if it is one %s', (_what, snapshot) => {
    const state = standing()
    expect(state.follow(snapshot, reasons)).toBeNull()
    expect(state.snapshot()).toEqual(standing().snapshot())
  })

  test('is refused before the first snapshot', () => {
    const state = new TopicState({ maxDiffs: 3, maxBytes: 1e6 }, new HistoryBudget(1e9))
    expect(state.follow(later, reasons)).toBeNull()
    expect(state.position).toBeNull()
  })

  test('replaces the state if it is not later after all', () => {
    const state = standing()
    const earlier = { ...later, seq: 3 }
    expect(state.conclude(earlier, reasons)).toBeNull()
    expect(state.snapshot()).toEqual(earlier)
  })

  test('is refused if the digests differ, as after a store lost writes', () => {
    // The same rev with another meta would be skipped silently.
    expect(standing().follow({ ...later, digest: later.digest + 1 }, reasons)).toBeNull()
  })
})

describe('a state of another history', () => {
  const other: PresenceSnapshot = { epoch: 'f', seq: 2, digest: digestOf([bob]), presences: [bob] }
  const reasons = new Map([['a', 'kicked' as const]])

  test('[S-57] is returned as the last diff of this one, and becomes the state', () => {
    const state = standing()
    state.apply(diff(4, { updates: [{ ref: 'a', rev: 1, meta: { n: 2 } }] }))
    expect(state.conclude(other, reasons)).toMatchObject({
      ...{ epoch: 'e', base: 5, seq: 6, digest: other.digest },
      joins: [bob],
      leaves: [{ ref: 'a', reason: 'kicked' }],
    })
    expect(state.snapshot()).toEqual(other)
    // No client can resume from a history that has ended.
    expect(state.since({ epoch: 'e', seq: 5 })).toBeNull()
  })

  test('becomes the state if there was none before', () => {
    const state = new TopicState({ maxDiffs: 3, maxBytes: 1e6 }, new HistoryBudget(1e9))
    expect(state.conclude(other, reasons)).toBeNull()
    expect(state.snapshot()).toEqual(other)
  })
})

test('[S-9] an ended topic uses nothing of the node’s history budget', () => {
  const budget = new HistoryBudget(1e9)
  const state = new TopicState({ maxDiffs: 3, maxBytes: 1e6 }, budget)
  state.reset(snapshot)
  state.apply(diff(4, { joins: [bob] }))
  expect(budget.bytes).toBeGreaterThan(0)
  state.end()
  expect(budget.bytes).toBe(0)
})
