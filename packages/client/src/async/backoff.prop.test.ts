import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffCeiling, backoffDelay, LONGEST_DELAY_MS } from './backoff'

const backoffs = fc
  .tuple(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 0, max: 100_000 }))
  .map(([baseMs, more]) => ({ baseMs, capMs: baseMs + more }))
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('backoff', () => {
  test('[C-2] a delay is whole and between 0 and min(cap, base * 2^failures)', () => {
    fc.assert(
      fc.property(fc.nat(2_000), backoffs, chance, (failures, backoff, random) => {
        const delay = backoffDelay(failures, backoff, random)
        expect(Number.isInteger(delay)).toBe(true)
        expect(delay).toBeGreaterThanOrEqual(0)
        expect(delay).toBeLessThanOrEqual(Math.min(backoff.capMs, backoff.baseMs * 2 ** failures))
      }),
    )
  })

  test('[C-2] the ceiling doubles with each failure, up to the cap', () => {
    const backoff = { baseMs: 500, capMs: 30_000 }
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((failures) => backoffCeiling(failures, backoff))).toEqual([
      500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ])
    expect(backoffCeiling(5_000, backoff)).toBe(30_000)
  })

  test('the longest delay is what timers take: they fire at once for one millisecond more', () => {
    expect(LONGEST_DELAY_MS).toBe(2_147_483_647)
  })

  test('[C-2] chance reaches the whole range', () => {
    const backoff = { baseMs: 500, capMs: 30_000 }
    expect(backoffDelay(3, backoff, 0)).toBe(0)
    expect(backoffDelay(3, backoff, 0.5)).toBe(2_000)
    expect(backoffDelay(3, backoff, 0.999_999)).toBe(3_999)
  })
})
