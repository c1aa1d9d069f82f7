import type { FullDiff } from '@rollcall/shared-protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { History } from './history'
import { HistoryBudget } from './history-budget'

const TOPICS = 7

const happenings = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: fc.record({ kind: fc.constant('push' as const), topic: topic(), size: size() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), topic: topic() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const), topic: topic() }) },
  ),
  { maxLength: 200, size: 'max' },
)

function topic() {
  return fc.nat({ max: TOPICS - 1 })
}

function size() {
  return fc.oneof(fc.nat({ max: 300 }), fc.constantFrom(0, 2000, 20_000))
}

/** A leave of a presence whose meta has this many characters. */
function diff(base: number, size: number): FullDiff {
  const presence = { ref: 'r', key: 'k', rev: 0, meta: { text: 'x'.repeat(size) } }
  const leaves = [{ ref: 'r', key: 'k', reason: 'left' as const, presence }]
  const none = { joins: [], updates: [], appeared: [], disappeared: [] }
  return { epoch: 'e', base, seq: base + 1, digest: 0, leaves, ...none }
}

test('[S-9] the histories of a node hold exactly what its budget counts, and never more than its limit', () => {
  fc.assert(
    fc.property(happenings, fc.integer({ min: 500, max: 40_000 }), (all, maxTotalBytes) => {
      const budget = new HistoryBudget(maxTotalBytes)
      const make = () => new History({ maxDiffs: 20, maxBytes: 15_000 }, budget)
      const histories = Array.from({ length: TOPICS }, make)
      const ended: History[] = []
      let seq = 0
      for (const happening of all) {
        const history = histories[happening.topic] as History
        const before = histories.map(({ bytes }) => bytes)
        if (happening.kind === 'push') history.push(diff(seq++, happening.size))
        else if (happening.kind === 'clear') history.clear()
        else {
          history.end()
          ended.push(history)
          histories[happening.topic] = make()
        }
        // An ended history may still get diffs.
        for (const gone of ended) gone.push(diff(seq++, 10))

        const held = histories.map(({ bytes }) => bytes)
        expect(budget.bytes).toBe(held.reduce((sum, bytes) => sum + bytes, 0))
        expect(budget.bytes).toBeLessThanOrEqual(maxTotalBytes)
        expect(ended.every(({ bytes }) => bytes === 0)).toBe(true)
        // Every other history that lost a diff was the largest at that moment.
        const mostLeft = Math.max(...held)
        before.forEach((bytes, i) => {
          const hasLost = i !== happening.topic && (held[i] ?? 0) < bytes
          if (hasLost) expect(bytes).toBeGreaterThanOrEqual(mostLeft)
        })
      }
    }),
  )
})
