import { describe, expect, test } from 'vitest'
import { PhoenixPresences } from './phoenix-presences'
import type { PhoenixMeta } from './presence'

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

const nothing = { joins: [], updates: [], leaves: [] }

describe('the presences of a Phoenix topic', () => {
  test('an update is a join that names a held one, whose leave is then of nobody', () => {
    const presences = holding(of('ada', 'a', 1))
    expect(presences.apply([of('ada', 'b', 2, 'a')], [of('ada', 'a')])).toEqual({
      joins: [],
      updates: [{ ref: 'a', key: 'ada', rev: 1, meta: { n: 2 } }],
      leaves: [],
    })
    expect(heldBy(presences)).toEqual([['a', 'ada', 1, 2]])
    expect(presences.apply([], [of('ada', 'b')]).leaves).toEqual([{ ref: 'a', key: 'ada', reason: 'closed' }])
    expect(heldBy(presences)).toEqual([])
  })

  test('a diff that repeats a join or a leave changes nothing', () => {
    const presences = holding(of('ada', 'a', 1))
    expect(presences.apply([of('ada', 'a', 9)], [of('bob', 'b')])).toEqual(nothing)
    expect(heldBy(presences)).toEqual([['a', 'ada', 0, 1]])
  })

  test('updates that come together are one presence, however the server lists them', () => {
    const b = of('ada', 'b', 2, 'a')
    const c = of('ada', 'c', 3, 'b')
    for (const joins of [
      [b, c],
      [c, b],
    ]) {
      const presences = holding(of('ada', 'a'))
      presences.apply(joins, [of('ada', 'b'), of('ada', 'a')])
      expect(heldBy(presences)).toEqual([['a', 'ada', 2, 3]])
    }
  })

  test('a circle of refs that somebody forged has an end, and each of it is held once', () => {
    const presences = holding()
    presences.apply([of('ada', 'a', 1, 'b'), of('ada', 'b', 2, 'a'), of('ada', 'c', 3, 'c')], [])
    expect(heldBy(presences)).toEqual([
      ['b', 'ada', 1, 1],
      ['c', 'ada', 0, 3],
    ])
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

  test('[P-10] keys that forge the same phx_ref get refs of their own, however many they are', () => {
    const presences = holding(of('ada', 'a', 1), of('bob', 'a', 2), of('cleo', 'a', 3))
    expect(heldBy(presences).map(([ref]) => ref)).toEqual(['a', 'a~1', 'a~2'])
  })

  test('a phx_ref_prev that is forged to be another key’s takes nothing from that key', () => {
    const presences = holding(of('ada', 'a', 1))
    expect(presences.apply([of('mallory', 'm', 2, 'a')], []).joins).toEqual([
      { ref: 'm', key: 'mallory', rev: 0, meta: { n: 2 } },
    ])
    presences.replace([of('mallory', 'm2', 3, 'a'), of('ada', 'a', 1)])
    expect(heldBy(presences)).toEqual([
      ['m2', 'mallory', 0, 3],
      ['a', 'ada', 0, 1],
    ])
  })

  test('a phx_ref_prev that is forged to be another device’s takes nothing from it, though it is listed first', () => {
    const presences = holding(of('ada', 'a', 1))
    presences.replace([of('ada', 'b', 2, 'a'), of('ada', 'a', 1)])
    expect(heldBy(presences)).toEqual([
      ['b', 'ada', 0, 2],
      ['a', 'ada', 0, 1],
    ])
  })

  test('what a state lists twice is held once, and what it names as the former goes on only where that is gone', () => {
    const presences = holding(of('ada', 'a', 1))
    presences.replace([of('ada', 'a', 1), of('ada', 'a', 1), of('ada', 'b', 2, 'a')])
    expect(heldBy(presences)).toEqual([
      ['a', 'ada', 0, 1],
      ['b', 'ada', 0, 2],
    ])
    presences.replace([of('ada', 'c', 3, 'b')])
    expect(heldBy(presences)).toEqual([['b', 'ada', 1, 3]])
  })

  test('a state that lacks somebody and has another under the same phx_ref does not show one as the other', () => {
    const presences = holding(of('ada', 'a', 1))
    presences.replace([of('bob', 'a', 2)])
    expect(heldBy(presences)).toEqual([['a~1', 'bob', 0, 2]])
    expect(presences.apply([of('cleo', 'a', 3)], []).joins).toMatchObject([{ ref: 'a', key: 'cleo' }])
  })

  test('two new presences of one state do not share a ref either', () => {
    expect(heldBy(holding(of('ada', 'a~1', 1), of('bob', 'a', 2), of('cleo', 'a', 3)))).toEqual([
      ['a~1', 'ada', 0, 1],
      ['a', 'bob', 0, 2],
      ['a~2', 'cleo', 0, 3],
    ])
  })

  test('after a clear the set is empty, and everybody may join again', () => {
    const presences = holding(of('ada', 'a', 1))
    presences.clear()
    expect(heldBy(presences)).toEqual([])
    expect(presences.apply([of('ada', 'a', 2)], []).joins).toMatchObject([{ ref: 'a', rev: 0 }])
  })

  describe('[C-42] the same meta under another phx_ref is the same presence', () => {
    test('in the state of a server that restarted, whatever the order of the fields', () => {
      const presences = new PhoenixPresences<object>()
      presences.replace([
        { key: 'ada', phxRef: 'a', phxRefPrev: null, meta: { x: 1, y: { p: [1, 2], q: 2 } } },
      ])
      const before = presences.presences()
      presences.replace([
        { key: 'ada', phxRef: 'b', phxRefPrev: null, meta: { y: { q: 2, p: [1, 2] }, x: 1 } },
      ])
      expect(presences.presences()).toEqual(before)
      expect(presences.apply([], [{ key: 'ada', phxRef: 'a' }]).leaves).toEqual([])
      expect(presences.apply([], [{ key: 'ada', phxRef: 'b' }]).leaves).toMatchObject([{ ref: 'a' }])
    })

    test('with fields that are null, in lists and alone, and not where null takes the place of something', () => {
      const join = (phxRef: string, meta: object) => ({ key: 'ada', phxRef, phxRefPrev: null, meta })
      const presences = new PhoenixPresences<object>()
      presences.replace([join('a', { away: null, tags: [null, 1] })])
      presences.replace([join('b', { tags: [null, 1], away: null })])
      expect(presences.presences()).toMatchObject([{ ref: 'a', rev: 0 }])
      presences.replace([join('c', { tags: [null, 1], away: 0 })])
      expect(presences.presences()).toMatchObject([{ ref: 'c', rev: 0 }])
    })

    test('each of two devices once, and only within the key', () => {
      const presences = holding(of('ada', 'a', 1), of('ada', 'b', 1), of('bob', 'c', 1))
      presences.replace([of('ada', 'd', 1), of('ada', 'e', 1), of('ada', 'f', 1), of('eve', 'g', 1)])
      expect(heldBy(presences).sort()).toEqual([
        ['a', 'ada', 0, 1],
        ['b', 'ada', 0, 1],
        ['f', 'ada', 0, 1],
        ['g', 'eve', 0, 1],
      ])
    })

    test('not one that stays under its own phx_ref, or that another names as its former', () => {
      const presences = holding(of('ada', 'a', 1), of('ada', 'b', 1))
      presences.replace([of('ada', 'c', 1), of('ada', 'a', 1), of('ada', 'd', 2, 'b')])
      expect(heldBy(presences).sort()).toEqual([
        ['a', 'ada', 0, 1],
        ['b', 'ada', 1, 2],
        ['c', 'ada', 0, 1],
      ])
    })

    test('in a diff that takes the one and brings the other, and in an update that says nothing new', () => {
      const presences = holding(of('ada', 'a', 1))
      expect(presences.apply([of('ada', 'b', 1)], [of('ada', 'a', 1)])).toEqual(nothing)
      expect(presences.apply([of('ada', 'c', 1, 'b')], [of('ada', 'b', 1)])).toEqual(nothing)
      expect(heldBy(presences)).toEqual([['a', 'ada', 0, 1]])
    })

    test('not in a diff that takes one whom nobody knows: the other has come', () => {
      const presences = holding(of('ada', 'a', 1))
      expect(presences.apply([of('ada', 'b', 1)], [of('ada', 'z', 1)])).toMatchObject({
        joins: [{ ref: 'b', key: 'ada' }],
        leaves: [],
      })
    })
  })
})
