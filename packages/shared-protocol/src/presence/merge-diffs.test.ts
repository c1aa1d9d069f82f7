import { describe, expect, test } from 'vitest'
import type { FullDiff, Presence } from './presence'
import { mergeDiffs } from './presence'

const presence = (ref: string, key: string, rev = 0): Presence => ({ ref, key, rev, meta: { rev } })
const diff = (base: number, some: Partial<FullDiff>): FullDiff => ({
  epoch: 'e1',
  base,
  seq: base + 1,
  digest: base * 10,
  joins: [],
  updates: [],
  leaves: [],
  appeared: [],
  disappeared: [],
  ...some,
})
const joined = (base: number, one: Presence) => diff(base, { joins: [one], appeared: [one.key] })
const left = (base: number, one: Presence) =>
  diff(base, {
    leaves: [{ ref: one.ref, key: one.key, reason: 'left', presence: one }],
    disappeared: [one.key],
  })
const updated = (base: number, one: Presence, previous: Presence) =>
  diff(base, { updates: [{ ...one, previous }] })

describe('[P-2] mergeDiffs', () => {
  test('no diffs give null, and one diff gives itself', () => {
    const one = joined(0, presence('a1', 'ada'))
    expect(mergeDiffs([])).toBeNull()
    expect(mergeDiffs([one])).toBe(one)
  })

  test("goes from the first's base to the last's seq, with the last's digest", () => {
    const merged = mergeDiffs([joined(3, presence('a1', 'ada')), joined(4, presence('b1', 'bob'))])
    expect(merged).toMatchObject({ epoch: 'e1', base: 3, seq: 5, digest: 40 })
  })

  test('join and leave cancel out, and so does the key', () => {
    const one = presence('a1', 'ada')
    expect(mergeDiffs([joined(0, one), left(1, one)])).toEqual({ ...diff(0, {}), seq: 2, digest: 10 })
  })

  test('a join and an update become a join with the later meta', () => {
    const merged = mergeDiffs([
      joined(0, presence('a1', 'ada')),
      updated(1, presence('a1', 'ada', 1), presence('a1', 'ada')),
    ])
    expect(merged?.joins).toEqual([presence('a1', 'ada', 1)])
    expect(merged?.updates).toEqual([])
  })

  test('[P-3] two updates become one update whose previous is the first presence', () => {
    const [r0, r1, r2] = [presence('a1', 'ada'), presence('a1', 'ada', 1), presence('a1', 'ada', 2)]
    const merged = mergeDiffs([updated(0, r1, r0), updated(1, r2, r1)])
    expect(merged?.updates).toEqual([{ ...r2, previous: r0 }])
  })

  test('an update and a leave become a leave of the first presence', () => {
    const [r0, r1] = [presence('a1', 'ada'), presence('a1', 'ada', 1)]
    const merged = mergeDiffs([updated(0, r1, r0), left(1, r1)])
    expect(merged?.updates).toEqual([])
    expect(merged?.leaves).toEqual([{ ref: 'a1', key: 'ada', reason: 'left', presence: r0 }])
    expect(merged?.disappeared).toEqual(['ada'])
  })

  test('[P-4] a key that leaves with one presence and comes back with another has never been away', () => {
    const merged = mergeDiffs([left(0, presence('a1', 'ada')), joined(1, presence('a2', 'ada'))])
    expect(merged?.joins).toHaveLength(1)
    expect(merged?.leaves).toHaveLength(1)
    expect(merged?.appeared).toEqual([])
    expect(merged?.disappeared).toEqual([])
  })

  test('[P-4] a key that was away, came, went and came appears', () => {
    const [a1, a2] = [presence('a1', 'ada'), presence('a2', 'ada')]
    expect(mergeDiffs([joined(0, a1), left(1, a1), joined(2, a2)])?.appeared).toEqual(['ada'])
  })
})
