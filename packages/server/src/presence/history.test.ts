import type { FullDiff } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { History } from './history'
import { weighDiff } from './weigh'

/** A diff of one join, from `base` on. */
const diff = (base: number, epoch = 'e', text = ''): FullDiff => ({
  epoch,
  base,
  seq: base + 1,
  digest: base,
  joins: [{ ref: `r${base}`, key: `k${base}`, rev: 0, meta: { text } }],
  updates: [],
  leaves: [],
  appeared: [`k${base}`],
  disappeared: [],
})

function filled(count: number, options = { maxDiffs: 256, maxBytes: 1e6 }): History {
  const history = new History(options)
  for (let base = 0; base < count; base++) history.push(diff(base))
  return history
}

describe('[S-7] history tells the net change since a position that it still holds', () => {
  test('merged, from there to the newest', () => {
    expect(filled(5).since({ epoch: 'e', seq: 2 })).toMatchObject({
      base: 2,
      seq: 5,
      digest: 4,
      joins: [{ ref: 'r2' }, { ref: 'r3' }, { ref: 'r4' }],
    })
  })

  test('from the very beginning, too', () => {
    expect(filled(3).since({ epoch: 'e', seq: 0 })?.joins).toHaveLength(3)
  })

  test.each([
    ['the newest position, after which there is nothing', { epoch: 'e', seq: 5 }],
    ['another epoch', { epoch: 'f', seq: 2 }],
    ['the future', { epoch: 'e', seq: 50 }],
    ['before the beginning', { epoch: 'e', seq: -1 }],
  ])('null for %s', (_what, since) => {
    expect(filled(5).since(since)).toBeNull()
  })

  test('nothing once it was cleared', () => {
    const history = filled(5)
    history.clear()
    expect(history.since({ epoch: 'e', seq: 2 })).toBeNull()
    history.push(diff(9))
    expect(history.since({ epoch: 'e', seq: 9 })?.seq).toBe(10)
  })
})

describe('[S-9] history is bounded', () => {
  test('by diffs: the oldest go', () => {
    const history = filled(100, { maxDiffs: 10, maxBytes: 1e6 })
    expect(history.since({ epoch: 'e', seq: 89 })).toBeNull()
    expect(history.since({ epoch: 'e', seq: 90 })?.joins).toHaveLength(10)
  })

  test('by bytes: the oldest go', () => {
    const each = weighDiff(diff(10))
    const history = filled(100, { maxDiffs: 1000, maxBytes: each * 4 })
    expect(history.since({ epoch: 'e', seq: 95 })).toBeNull()
    expect(history.since({ epoch: 'e', seq: 96 })?.joins).toHaveLength(4)
  })

  test('a diff that alone is too large is not kept, and the next ones are', () => {
    const history = filled(3, { maxDiffs: 10, maxBytes: 1000 })
    history.push(diff(3, 'e', 'x'.repeat(2000)))
    expect(history.since({ epoch: 'e', seq: 2 })).toBeNull()
    expect(history.since({ epoch: 'e', seq: 3 })).toBeNull()
    history.push(diff(4))
    expect(history.since({ epoch: 'e', seq: 4 })?.seq).toBe(5)
  })
})

describe('[S-9] a diff weighs about what it keeps alive', () => {
  const base = weighDiff(diff(0))

  test('more with a longer meta, by about its length', () => {
    expect(weighDiff(diff(0, 'e', 'x'.repeat(500))) - base).toBe(500)
  })

  test('an update counts what was there before, and a leave what is gone', () => {
    const large = { ref: 'r', key: 'k', rev: 0, meta: { text: 'x'.repeat(500) } }
    const small = { ref: 'r', key: 'k', rev: 1, meta: {} }
    expect(weighDiff({ ...diff(0), updates: [{ ...small, previous: large }] }) - base).toBeGreaterThan(500)
    const leave = { ref: 'r', key: 'k', reason: 'left' as const, presence: large }
    expect(weighDiff({ ...diff(0), leaves: [leave] }) - base).toBeGreaterThan(500)
  })

  test('whatever JSON is in the meta', () => {
    const meta = { list: [1, 'two', null, true, { deep: ['x'.repeat(100)] }], __proto__: null }
    const joins = [{ ref: 'r', key: 'k', rev: 0, meta: JSON.parse(JSON.stringify(meta)) }]
    expect(weighDiff({ ...diff(0), joins })).toBeGreaterThan(base + 100 - 20)
  })
})
