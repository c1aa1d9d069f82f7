import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextTatMs, paceOf, UNBOUNDED, waitMsOf } from './gcra'

/** Takes what comes at these times, and returns those of it that were not too fast. */
function taken(timesMs: readonly number[], perSecond: number, burst: number): number[] {
  const pace = paceOf({ perSecond, burst })
  let tatMs = 0
  return timesMs.filter((nowMs) => {
    if (waitMsOf(tatMs, nowMs, pace) > 0) return false
    tatMs = nextTatMs(tatMs, nowMs, pace)
    return true
  })
}

describe('a rate', () => {
  test('lets a burst through at once, and then one for each interval', () => {
    const atOnce = Array.from({ length: 10 }, () => 0)
    expect(taken(atOnce, 10, 4)).toHaveLength(4)
    expect(taken([...atOnce, 99, 100, 150, 200], 10, 4)).toEqual([0, 0, 0, 0, 100, 200])
  })

  test.each([1, 3, 7, 60, 1000 / 7])(
    '%d a second: neither one less nor one more than the burst',
    (perSecond) => {
      const atOnce = Array.from({ length: 1000 }, () => 12_345.678)
      for (const burst of [1, 2, 60, 500]) expect(taken(atOnce, perSecond, burst)).toHaveLength(burst)
    },
  )

  test('has its whole burst again after a quiet spell, and no more than that', () => {
    const later = Array.from({ length: 10 }, () => 100_000)
    expect(taken([0, 0, 0, 0, ...later], 10, 4)).toHaveLength(8)
  })

  test('says how long to wait, exactly', () => {
    const pace = paceOf({ perSecond: 10, burst: 1 })
    const tatMs = nextTatMs(0, 1000, pace)
    expect(waitMsOf(tatMs, 1030, pace)).toBeCloseTo(70, 2)
    expect(waitMsOf(tatMs, 1100, pace)).toBeLessThanOrEqual(0)
  })

  test('gives a burst at once, and then as many a second as it may', () => {
    expect(taken([0, 0, 0, 0, 99, 100, 100, 200], 10, 3)).toEqual([0, 0, 0, 100, 200])
  })

  test('fills up to the burst and no further', () => {
    const later = [100_000, 100_000, 100_000, 100_000]
    expect(taken([0, 0, 0, ...later], 10, 3)).toEqual([0, 0, 0, 100_000, 100_000, 100_000])
  })

  test('says when to try again, and means it', () => {
    const pace = paceOf({ perSecond: 10, burst: 3 })
    const tatMs = 1275
    expect(Math.ceil(waitMsOf(tatMs, 1000, pace))).toBe(75)
    expect(waitMsOf(tatMs, 1074, pace)).toBeGreaterThan(0)
    expect(waitMsOf(tatMs, 1075, pace)).toBeLessThanOrEqual(0)
  })

  test('a burst of 1 is an even pace', () => {
    expect(taken([0, 50, 100, 100, 200], 10, 1)).toEqual([0, 100, 200])
  })

  test('that is turned off bounds nothing', () => {
    expect(paceOf(false)).toBe(UNBOUNDED)
    let tatMs = 0
    for (let i = 0; i < 1000; i++) {
      expect(waitMsOf(tatMs, 5, UNBOUNDED)).toBeLessThanOrEqual(0)
      tatMs = nextTatMs(tatMs, 5, UNBOUNDED)
    }
  })
})

test('of whatever comes, in any time no more is taken than the burst and what the rate allows', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 200 }),
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 20 }),
      (gapsMs, perSecond, burst) => {
        let nowMs = 0
        const timesMs = gapsMs.map((gap) => (nowMs += gap))
        const through = taken(timesMs, perSecond, burst)
        for (const [i, from] of through.entries()) {
          for (const [j, to] of through.entries()) {
            if (j < i) continue
            const most = burst + Math.floor(((to - from) / 1000) * perSecond + 1e-3)
            expect(j - i + 1).toBeLessThanOrEqual(most)
          }
        }
      },
    ),
    { numRuns: 200 },
  )
})
