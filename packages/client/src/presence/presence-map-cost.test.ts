import type { Presence } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { PresenceMap } from './presence-map'

/* Work is counted where it can be: by what is read of a presence, and by how often a meta is put into words. */

type Meta = { n: number }
const none = { joins: [], updates: [], leaves: [] }
const crowd = (
  count: number,
  epoch: string,
  keyOf: (n: number) => string,
  metaOf: (n: number) => Meta = (n) => ({ n }),
): Presence<Meta>[] =>
  Array.from({ length: count }, (_, n) => ({ ref: `${epoch}-${n}`, key: keyOf(n), meta: metaOf(n), rev: 0 }))

/**
 * How many times longer it takes for ten times as many: what costs its square takes a hundred times as long. A machine
 * that is busy may make it seem more for once, never less, so that the first of a few tries below `limit` will do.
 */
function growth(limit: number, run: (count: number) => void): number {
  const timeOf = (count: number) => {
    const beganAt = performance.now()
    run(count)
    return performance.now() - beganAt
  }
  let least = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < 5 && least >= limit; tries++) {
    const few = Math.min(timeOf(2_000), timeOf(2_000), timeOf(2_000))
    least = Math.min(least, timeOf(20_000) / few)
  }
  return least
}

const leaves = (presences: readonly Presence<Meta>[]) =>
  presences.map(({ ref, key }) => ({ ref, key, reason: 'left' as const }))
const keyOfEach = (n: number) => `k${n}`
const guest = () => 'guest'

describe('[C-23] what keeping a crowd costs grows with the crowd, not with its square', () => {
  test('counted: who was back and is withheld is looked at a few times, however many leave at once', () => {
    const count = 500
    let reads = 0
    const back = Array.from({ length: count }, (_, n) => ({
      ref: `e2-${n}`,
      get key() {
        reads++
        return `k${n}`
      },
      meta: { n },
      rev: 0,
    }))
    const map = new PresenceMap<Meta>()
    map.replace(crowd(count, 'e1', keyOfEach))
    map.replace([], true)
    map.apply({ ...none, joins: back })
    const gone = leaves(back)
    reads = 0
    const { presences } = map.apply({ ...none, leaves: gone })
    expect([presences.leaves.length, map.unconfirmedCount]).toEqual([0, count])
    expect(reads).toBeLessThanOrEqual(10 * count)
  })

  test('timed: all are devices of one key, and all but one come back', () => {
    const settle = (count: number) => {
      const map = new PresenceMap<Meta>()
      map.replace(crowd(count, 'e1', guest))
      map.replace([], true)
      const joins = crowd(count - 1, 'e2', guest, (n) => ({ n: n + 1 }))
      const { presences } = map.apply({ ...none, joins })
      expect([presences.leaves.length, map.get('guest')?.presences.length]).toEqual([count - 1, count])
    }
    expect(growth(30, settle)).toBeLessThan(30)
  }, 60_000)

  test('counted: a meta is put into words at most twice, however many of its key come back', () => {
    const count = 500
    let words = 0
    const said = (n: number) => ({
      n,
      toJSON: () => {
        words++
        return n
      },
    })
    const map = new PresenceMap<Meta>()
    map.replace(crowd(count, 'e1', guest, said))
    map.replace([], true)
    map.apply({ ...none, joins: crowd(count - 1, 'e2', guest, (n) => said(n + 1)) })
    expect(map.unconfirmedCount).toBe(1)
    expect(words).toBeLessThanOrEqual(2 * (2 * count))
  })
})

describe('kept devices of one key', () => {
  const shown = (map: PresenceMap<Meta>) => map.get('guest')?.presences.map(({ ref }) => ref)

  test('go as those with the same meta come, and in their order where none has it', () => {
    const metas = [1, 2, 1, 3, 2]
    const map = new PresenceMap<Meta>()
    map.replace(crowd(5, 'e1', guest, (n) => ({ n: metas[n] ?? 0 })))
    map.replace([], true)
    const back = [2, 9, 1].map((n, index) => ({ ref: `e2-${index}`, key: 'guest', meta: { n }, rev: 0 }))
    const { presences } = map.apply({ ...none, joins: back })
    expect(presences.leaves.map(({ presence: { ref } }) => ref)).toEqual(['e1-1', 'e1-0', 'e1-2'])
    expect(shown(map)).toEqual(['e1-3', 'e1-4', 'e2-0', 'e2-1', 'e2-2'])
    map.apply({ ...none, joins: [{ ref: 'e2-3', key: 'guest', meta: { n: 2 }, rev: 0 }] })
    expect(shown(map)).toEqual(['e1-3', 'e2-0', 'e2-1', 'e2-2', 'e2-3'])
    expect(map.unconfirmedCount).toBe(1)
  })
})
