import type { JsonObject, PatchMessage, UpdateMessage } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { UpdateCoalescer } from './update-coalescer'

let refs = 0
const update = (topic: string, meta: JsonObject, joinRef = 'j'): UpdateMessage => ({
  kind: 'update',
  topic,
  ref: String(refs++),
  joinRef,
  meta,
})
const patch = (topic: string, change: JsonObject, joinRef = 'j'): PatchMessage => ({
  kind: 'patch',
  topic,
  ref: String(refs++),
  joinRef,
  patch: change,
})
const make = (metaBytes = 256, maxBytes = 65_536) => new UpdateCoalescer({ metaBytes, maxBytes })
/** What is handed back of one that was replaced. */
const head = ({ ref }: { readonly ref: unknown }) => ({
  kind: 'coalesced',
  replaced: expect.objectContaining({ ref }),
})

describe('[S-36] a coalesced change', () => {
  test('is the latest per topic, and returns the one that it replaces', () => {
    const kept = make()
    const [first, second, other] = [update('a', { n: 1 }), update('a', { n: 2 }), update('b', { n: 9 })]
    expect(kept.add(first)).toEqual({ kind: 'coalesced', replaced: null })
    expect(kept.add(other)).toEqual({ kind: 'coalesced', replaced: null })
    expect(kept.add(second)).toEqual(head(first))
    expect([kept.size, kept.shift(), kept.shift(), kept.shift()]).toEqual([2, second, other, null])
  })

  test('is one patch of all patches in order, under the latest ref', () => {
    const kept = make()
    const first = patch('a', { x: 1, gone: null, at: { left: 1, top: 2 } })
    kept.add(first)
    const last = patch('a', { y: 2, x: null, at: { top: 3 } })
    expect(kept.add(last)).toEqual(head(first))
    expect(kept.shift()).toEqual({ ...last, patch: { x: null, gone: null, at: { left: 1, top: 3 }, y: 2 } })
  })

  test('is a meta with the later patches, and without the earlier ones', () => {
    const kept = make()
    kept.add(patch('a', { z: 1 }))
    kept.add(update('a', { x: 1, y: 1, was: null, at: { left: 1, top: 1 } }))
    const last = patch('a', { y: null, w: 2, at: { top: null } })
    kept.add(last)
    const { ref, topic, joinRef } = last
    const meta = { x: 1, was: null, w: 2, at: { left: 1 } }
    expect(kept.shift()).toEqual({ kind: 'update', ref, topic, joinRef, meta })
  })

  test('contains nothing of an earlier join', () => {
    const kept = make()
    const late = patch('a', { x: 1 }, 'old')
    kept.add(late)
    const fresh = patch('a', { y: 1 }, 'new')
    expect(kept.add(fresh)).toEqual(head(late))
    expect(kept.shift()).toEqual(fresh)
  })

  test.each([[{ x: null }], [{ x: 'text' }], [{ x: [1] }], [{ deep: { x: null } }]])(
    'stays if no single patch can express %j and then parts of it',
    (change) => {
      const kept = make()
      const first = patch('a', change)
      kept.add(first)
      const parts = 'deep' in change ? { y: 1, deep: { x: { part: 1 } } } : { y: 1, x: { part: 1 } }
      expect(kept.add(patch('a', parts))).toEqual({ kind: 'refused' })
      expect(kept.shift()).toEqual(first)
    },
  )
})

describe('[S-51] a coalesced change is limited by the limit of a meta', () => {
  const text = (bytes: number) => 'x'.repeat(bytes)

  test('a meta may have that many bytes, and not one more', () => {
    const kept = make(20)
    const first = update('a', { n: text(12) })
    expect(kept.add(first)).toMatchObject({ kind: 'coalesced' })
    expect(kept.add(update('a', { n: text(13) }))).toEqual({ kind: 'refused' })
    expect(kept.add(update('a', { n: 'é'.repeat(7) }))).toEqual({ kind: 'refused' })
    expect(kept.add(patch('a', { m: 1 }))).toEqual({ kind: 'refused' })
    expect(kept.shift()).toEqual(first)
  })

  test('a patch may have three times that, enough to replace one full meta by another', () => {
    const full = (letter: string) =>
      Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`${letter}${i}`, 0]))
    const metaBytes = JSON.stringify(full('a')).length
    const out = Object.fromEntries(Object.keys(full('a')).map((name) => [name, null]))
    const kept = make(metaBytes)
    expect(kept.add(patch('a', out))).toMatchObject({ kind: 'coalesced' })
    const last = patch('a', full('b'))
    expect(kept.add(last)).toMatchObject({ kind: 'coalesced' })
    expect(kept.add(patch('a', full('c')))).toEqual({ kind: 'refused' })
    expect(kept.shift()).toEqual({ ...last, patch: { ...out, ...full('b') } })
    expect(kept.add(patch('a', { wide: text(3 * metaBytes) }))).toEqual({ kind: 'refused' })
  })

  test('its size counts, not the number of changes', () => {
    const kept = make(20)
    for (let n = 10; n < 99; n++) {
      expect(kept.add(patch('a', { x: n, at: { y: n, z: text(n % 7) } }))).toMatchObject({
        kind: 'coalesced',
      })
      expect(kept.add(patch('a', { at: 1 }))).toMatchObject({ kind: 'coalesced' })
      expect(kept.add(update('a', { at: { y: n } }))).toMatchObject({ kind: 'coalesced' })
      expect(kept.add(patch('a', { at: { y: null }, x: null }))).toMatchObject({ kind: 'coalesced' })
      expect(kept.shift()).toMatchObject({ kind: 'update', meta: { at: {} } })
    }
  })

  test('all topics together have the limit of one connection, and a removed change counts no more', () => {
    const kept = make(1000, 1500)
    const about = (topic: string) => patch(topic, { n: text(700) })
    expect(kept.add(about('a'))).toMatchObject({ kind: 'coalesced' })
    expect(kept.add(about('b'))).toMatchObject({ kind: 'coalesced' })
    expect(kept.add(about('c'))).toEqual({ kind: 'refused' })
    expect(kept.add(patch('a', { m: text(200) }))).toEqual({ kind: 'refused' })
    expect(kept.add(about('a'))).toMatchObject({ kind: 'coalesced' })
    kept.shift()
    for (let i = 0; i < 100; i++) {
      expect(kept.add(about('c'))).toMatchObject({ kind: 'coalesced' })
      expect(kept.add(patch('c', { n: i }))).toMatchObject({ kind: 'coalesced' })
      expect([kept.shift()?.topic, kept.add(about('d')).kind, kept.shift()?.topic]).toEqual(
        i === 0 ? ['b', 'coalesced', 'c'] : ['d', 'coalesced', 'c'],
      )
    }
  })

  test('folding a tiny patch into a wide one takes no longer', () => {
    const wide = Object.fromEntries(Array.from({ length: 4000 }, (_, i) => [`field ${i}`, 0]))
    /** Milliseconds of the fastest of some rounds of a thousand tiny patches. */
    const fastest = (first: JsonObject) => {
      let best = Number.POSITIVE_INFINITY
      for (let round = 0; round < 5; round++) {
        const kept = make(1e6, 1e7)
        kept.add(patch('a', first))
        const startedMs = performance.now()
        for (let i = 0; i < 1000; i++) kept.add(patch('a', { z: i }))
        best = Math.min(best, performance.now() - startedMs)
      }
      return best
    }
    // To merge all of it each time takes a thousand times as long.
    expect(fastest(wide)).toBeLessThan(20 * fastest({}) + 20)
  })
})
