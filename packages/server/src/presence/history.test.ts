import type { FullDiff, JsonValue } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { DEFAULT_HISTORY, estimateDiffBytes, History, type HistoryBounds } from './history'
import { HistoryBudget } from './history-budget'

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

/** A diff of one leave; the presence's meta has this text. */
function left(base: number, text: string, other: JsonValue = null): FullDiff {
  const presence = { ref: 'r', key: 'k', rev: 0, meta: { text, other } }
  const leaves = [{ ref: 'r', key: 'k', reason: 'left' as const, presence }]
  return { ...diff(base), joins: [], appeared: [], leaves }
}

function filled(count: number, bounds: HistoryBounds = { maxDiffs: 256, maxBytes: 1e6 }): History {
  const history = new History(bounds, new HistoryBudget(1e9))
  for (let base = 0; base < count; base++) history.push(diff(base))
  return history
}

describe('[S-7] a history returns the net change since a position', () => {
  test('merged from there to the newest diff', () => {
    expect(filled(5).since({ epoch: 'e', seq: 2 })).toMatchObject({
      base: 2,
      seq: 5,
      digest: 4,
      joins: [{ ref: 'r2' }, { ref: 'r3' }, { ref: 'r4' }],
    })
  })

  test('also from the very beginning', () => {
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

  test('null after it was cleared', () => {
    const history = filled(5)
    history.clear()
    expect(history.since({ epoch: 'e', seq: 2 })).toBeNull()
    history.push(diff(9))
    expect(history.since({ epoch: 'e', seq: 9 })?.seq).toBe(10)
  })
})

describe('[S-9] a history is bounded', () => {
  test('by the number of diffs: the oldest are dropped', () => {
    const history = filled(100, { maxDiffs: 10, maxBytes: 1e6 })
    expect(history.since({ epoch: 'e', seq: 89 })).toBeNull()
    expect(history.since({ epoch: 'e', seq: 90 })?.joins).toHaveLength(10)
  })

  test('by default to 256 diffs and 256 KiB per topic, and 64 MiB in all', () => {
    const history = filled(300, DEFAULT_HISTORY)
    expect(history.since({ epoch: 'e', seq: 43 })).toBeNull()
    expect(history.since({ epoch: 'e', seq: 44 })?.joins).toHaveLength(256)
    const large = filled(0, DEFAULT_HISTORY)
    large.push(left(0, 'x'.repeat(262_144)))
    expect(large.bytes).toBe(0)
    large.push(left(1, 'x'.repeat(250_000)))
    expect(large.bytes).toBeGreaterThan(250_000)
    expect(DEFAULT_HISTORY.maxTotalBytes).toBe(64 * 1024 * 1024)
  })

  test('by bytes: the oldest are dropped', () => {
    const each = estimateDiffBytes(diff(10))
    const history = filled(100, { maxDiffs: 1000, maxBytes: each * 4 })
    expect(history.since({ epoch: 'e', seq: 95 })).toBeNull()
    expect(history.since({ epoch: 'e', seq: 96 })?.joins).toHaveLength(4)
  })

  test('a diff that is too large by itself is not kept, and later ones are', () => {
    const history = filled(3, { maxDiffs: 10, maxBytes: 4000 })
    history.push(left(3, 'x'.repeat(5000)))
    expect(history.since({ epoch: 'e', seq: 2 })).toBeNull()
    expect(history.since({ epoch: 'e', seq: 3 })).toBeNull()
    history.push(diff(4))
    expect(history.since({ epoch: 'e', seq: 4 })?.seq).toBe(5)
  })
})

describe('[S-9] the histories of a node share one budget', () => {
  const each = estimateDiffBytes(diff(10))
  const bounds = { maxDiffs: 1000, maxBytes: 1e6 }
  const fill = (history: History, count: number) => {
    for (let base = 0; base < count; base++) history.push(diff(base))
  }

  test('the largest ones lose their oldest diffs, and a smaller one loses nothing', () => {
    const budget = new HistoryBudget(each * 64)
    const quiet = new History(bounds, budget)
    fill(quiet, 6)
    const busy = Array.from({ length: 8 }, () => new History(bounds, budget))
    for (const history of busy) fill(history, 200)
    expect(budget.bytes).toBeLessThanOrEqual(each * 64)
    expect(quiet.since({ epoch: 'e', seq: 0 })?.joins).toHaveLength(6)
    for (const history of busy) expect(history.since({ epoch: 'e', seq: 199 })?.seq).toBe(200)
    expect(busy[0]?.since({ epoch: 'e', seq: 150 })).toBeNull()
  })

  test('a history that is cleared or ended frees its bytes for the others', () => {
    const budget = new HistoryBudget(each * 10)
    const [cleared, ended] = [new History(bounds, budget), new History(bounds, budget)]
    fill(cleared, 5)
    fill(ended, 5)
    cleared.clear()
    ended.end()
    expect(budget.bytes).toBe(0)
    cleared.push(diff(5))
    expect(budget.bytes).toBe(cleared.bytes)
    expect(cleared.bytes).toBeGreaterThan(0)
  })

  test('an ended history keeps no further diffs', () => {
    const budget = new HistoryBudget(each * 10)
    const history = new History(bounds, budget)
    history.end()
    fill(history, 3)
    expect([budget.bytes, history.since({ epoch: 'e', seq: 0 })]).toEqual([0, null])
  })

  test('a diff larger than the whole budget is not kept, and affects no other history', () => {
    const budget = new HistoryBudget(each * 10)
    const [quiet, loud] = [new History(bounds, budget), new History(bounds, budget)]
    fill(quiet, 2)
    loud.push(left(0, 'x'.repeat(each * 20)))
    expect(loud.bytes).toBe(0)
    expect(quiet.since({ epoch: 'e', seq: 0 })?.joins).toHaveLength(2)
  })
})

describe('[S-9] the estimate of a diff is not below what it keeps alive', () => {
  const base = estimateDiffBytes(left(0, ''))
  const weighed = (meta: JsonValue) => estimateDiffBytes(left(0, '', meta))

  test('metas of leaves and metas before an update count by their length', () => {
    expect(estimateDiffBytes(left(0, 'x'.repeat(500))) - base).toBe(500)
    const update = (text: string): FullDiff => {
      const previous = { ref: 'r', key: 'k', rev: 0, meta: { text } }
      return { ...diff(0), updates: [{ ref: 'r', key: 'k', rev: 1, meta: {}, previous }] }
    }
    expect(estimateDiffBytes(update('x'.repeat(500))) - estimateDiffBytes(update(''))).toBe(500)
  })

  test('one character beyond Latin-1 doubles the bytes of its text', () => {
    expect(estimateDiffBytes(left(0, `${'x'.repeat(499)}€`)) - base).toBe(1000)
  })

  // The measured growth of the heap for each meta. The JSON text is much shorter.
  test.each<[what: string, least: number, meta: JsonValue]>([
    ['eighty empty objects', 80 * 64, Array(80).fill({})],
    ['eighty empty lists', 80 * 40, Array(80).fill([])],
    ['sixty lists of one', 60 * 64, Array(60).fill([1])],
    ['names that nobody else has', 24 * 66, Object.fromEntries(names(24))],
    ['more of them than fit into a shape', 172 * 96, Object.fromEntries(names(172))],
    ['objects of one such name each', 22 * 183, names(22).map((field) => Object.fromEntries([field]))],
    ['numbers that are not small', 60 * 24, Array(60).fill(-0)],
  ])('%s', (_what, least, meta) => {
    expect(weighed(meta) - weighed(null)).toBeGreaterThanOrEqual(least)
  })
})

function names(count: number): [string, number][] {
  return Array.from({ length: count }, (_, i) => [`k${i + 1000}`, 1])
}
