import type { JsonObject, PatchMessage, UpdateMessage } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { KeptUpdates } from './kept-updates'

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

describe('[S-36] what is kept', () => {
  test('is the latest of each topic; the one before it is handed back', () => {
    const kept = new KeptUpdates(1000)
    const [first, second, other] = [update('a', { n: 1 }), update('a', { n: 2 }), update('b', { n: 9 })]
    expect(kept.keep(first, 10)).toEqual({ kind: 'kept', replaced: null })
    expect(kept.keep(other, 10)).toEqual({ kind: 'kept', replaced: null })
    expect(kept.keep(second, 10)).toEqual({ kind: 'kept', replaced: first })
    expect([kept.size, kept.take(), kept.take(), kept.take()]).toEqual([2, second, other, null])
  })

  test('is a patch of all that came, in their order, under the latest ref', () => {
    const kept = new KeptUpdates(1000)
    kept.keep(patch('a', { x: 1, gone: null, at: { left: 1, top: 2 } }), 10)
    const last = patch('a', { y: 2, x: null, at: { top: 3 } })
    kept.keep(last, 10)
    expect(kept.take()).toEqual({ ...last, patch: { x: null, gone: null, at: { left: 1, top: 3 }, y: 2 } })
  })

  test('is a meta with the patches that came after it, and no patch that came before it', () => {
    const kept = new KeptUpdates(1000)
    kept.keep(patch('a', { z: 1 }), 10)
    kept.keep(update('a', { x: 1, y: 1 }), 10)
    const last = patch('a', { y: null, w: 2 })
    kept.keep(last, 10)
    const { ref, topic, joinRef } = last
    expect(kept.take()).toEqual({ kind: 'update', ref, topic, joinRef, meta: { x: 1, w: 2 } })
  })

  test('has nothing of an earlier join', () => {
    const kept = new KeptUpdates(1000)
    const late = patch('a', { x: 1 }, 'old')
    kept.keep(late, 10)
    const fresh = patch('a', { y: 1 }, 'new')
    expect(kept.keep(fresh, 10)).toEqual({ kind: 'kept', replaced: late })
    expect(kept.take()).toEqual(fresh)
  })

  test.each([[{ x: null }], [{ x: 'text' }], [{ x: [1] }]])(
    'stays where no one patch says %j and then parts of it',
    (change) => {
      const kept = new KeptUpdates(1000)
      const first = patch('a', change)
      kept.keep(first, 10)
      expect(kept.keep(patch('a', { x: { part: 1 } }), 10)).toEqual({ kind: 'refused' })
      expect(kept.take()).toEqual(first)
    },
  )

  test('[S-9] is bounded in bytes over all topics, and what was taken or replaced counts no more', () => {
    const kept = new KeptUpdates(100)
    kept.keep(patch('a', { x: 1 }), 60)
    expect(kept.keep(patch('b', { x: 1 }), 50)).toEqual({ kind: 'refused' })
    expect(kept.keep(patch('a', { y: 1 }), 50)).toEqual({ kind: 'refused' })
    expect(kept.keep(patch('a', { y: 1 }), 40)).toMatchObject({ kind: 'kept' })
    expect(kept.keep(update('a', { y: 1 }), 90)).toMatchObject({ kind: 'kept' })
    kept.take()
    for (let i = 0; i < 100; i++) {
      expect(kept.keep(patch('b', { x: i }), 100)).toMatchObject({ kind: 'kept' })
      kept.take()
    }
  })
})
