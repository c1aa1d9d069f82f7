import { describe, expect, test } from 'vitest'
import type { Presence } from './presence'
import { fullDiff } from './presence'
import { PresenceSet } from './presence-set'

const presence = (ref: string, key: string, rev = 0): Presence => ({ ref, key, rev, meta: { rev } })

describe('[P-2] fullDiff', () => {
  test('it has the positions, the joins, the updates with their previous presences, and the leaves with their presences', () => {
    const set = new PresenceSet()
    const [ada, bob, cyd] = [presence('a1', 'ada'), presence('b1', '__proto__'), presence('c1', 'cyd')]
    set.replace([ada, bob])
    const applied = set.apply({
      joins: [cyd],
      updates: [{ ref: 'a1', rev: 1, meta: { rev: 1 } }],
      leaves: [{ ref: 'b1', key: '__proto__', reason: 'kicked' }],
    })
    expect(fullDiff({ epoch: 'e1', base: 4, seq: 7, digest: set.digest }, applied)).toEqual({
      epoch: 'e1',
      base: 4,
      seq: 7,
      digest: set.digest,
      joins: [cyd],
      updates: [{ ref: 'a1', key: 'ada', rev: 1, meta: { rev: 1 }, previous: ada }],
      leaves: [{ ref: 'b1', key: '__proto__', reason: 'kicked', presence: bob }],
      appeared: ['cyd'],
      disappeared: ['__proto__'],
    })
  })

  test('it is empty for a change without an effect', () => {
    const applied = new PresenceSet().apply({ joins: [], updates: [], leaves: [] })
    expect(fullDiff({ epoch: 'e1', base: 0, seq: 1, digest: 0 }, applied)).toMatchObject({
      joins: [],
      updates: [],
      leaves: [],
      appeared: [],
      disappeared: [],
    })
  })

  test('it copies only the positions and the digest from the applied diff', () => {
    const set = new PresenceSet()
    const diff = {
      epoch: 'e1',
      base: 0,
      seq: 1,
      digest: 9,
      joins: [presence('a1', 'ada')],
      updates: [],
      leaves: [],
    }
    const applied = set.apply({ joins: [], updates: [], leaves: [] })
    expect(fullDiff(diff, applied).joins).toEqual([])
  })
})
