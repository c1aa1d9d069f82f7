import { describe, expect, test } from 'vitest'
import { PhoenixPresences } from './phoenix-presences'
import type { PhoenixMeta } from './types'

type M = { n: number }
const of = (key: string, phxRef: string, n = 0, phxRefPrev: string | null = null): PhoenixMeta<M> => ({
  ...{ key, phxRef, phxRefPrev },
  meta: { n },
})

function holding(...metas: PhoenixMeta<M>[]) {
  const presences = new PhoenixPresences<M>()
  presences.replace(metas)
  return presences
}

const heldBy = (presences: PhoenixPresences<M>) =>
  presences.presences().map(({ ref, key, rev, meta }) => [ref, key, rev, meta.n])

describe('the presences of a Phoenix topic', () => {
  test('an update is a join that names a held one, whose leave is then of nobody', () => {
    const presences = holding(of('ada', 'a', 1))
    expect(presences.apply([of('ada', 'b', 2, 'a')], [of('ada', 'a')])).toEqual({
      joins: [],
      updates: [{ ref: 'a', key: 'ada', rev: 1, meta: { n: 2 } }],
      leaves: [],
    })
    expect(presences.apply([], [of('ada', 'b')]).leaves).toEqual([{ ref: 'a', key: 'ada', reason: 'closed' }])
  })

  test('updates that come together are one presence, however the server lists them', () => {
    const presences = holding(of('ada', 'a'))
    presences.apply([of('ada', 'c', 3, 'b'), of('ada', 'b', 2, 'a')], [of('ada', 'b'), of('ada', 'a')])
    expect(heldBy(presences)).toEqual([['a', 'ada', 2, 3]])
  })

  test('a circle of refs that somebody forged has an end', () => {
    const presences = holding()
    presences.apply([of('ada', 'a', 1, 'b'), of('ada', 'b', 2, 'a'), of('ada', 'c', 3, 'c')], [])
    expect(new Set(presences.presences().map(({ ref }) => ref)).size).toBe(presences.presences().length)
  })

  test('[P-10] a phx_ref that is forged to be another key’s removes nobody else', () => {
    const presences = holding(of('__proto__', 'a', 1), of('mallory', 'a', 2))
    expect(heldBy(presences)).toEqual([
      ['a', '__proto__', 0, 1],
      ['a~1', 'mallory', 0, 2],
    ])
    presences.apply([], [of('mallory', 'a')])
    expect(heldBy(presences)).toEqual([['a', '__proto__', 0, 1]])
  })

  test('what a state holds twice is held once, and what it names as the former goes on only where that is gone', () => {
    const presences = holding(of('ada', 'a', 1))
    presences.replace([of('ada', 'a', 1), of('ada', 'a', 1), of('ada', 'b', 2, 'a')])
    expect(heldBy(presences)).toEqual([
      ['a', 'ada', 0, 1],
      ['b', 'ada', 0, 2],
    ])
    presences.replace([of('ada', 'c', 3, 'b')])
    expect(heldBy(presences)).toEqual([['b', 'ada', 1, 3]])
  })
})
