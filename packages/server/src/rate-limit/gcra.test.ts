import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { intervalOf, nextTatMs, spentTatMs, UNBOUNDED, waitMsOf } from './gcra'

/** Takes what comes at these times, and returns those of it that were not too fast. */
function taken(timesMs: readonly number[], perSecond: number, burst: number): number[] {
  const pace = intervalOf({ perSecond, burst })
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
    const pace = intervalOf({ perSecond: 10, burst: 1 })
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
    const pace = intervalOf({ perSecond: 10, burst: 3 })
    const tatMs = 1275
    expect(Math.ceil(waitMsOf(tatMs, 1000, pace))).toBe(75)
    expect(waitMsOf(tatMs, 1074, pace)).toBeGreaterThan(0)
    expect(waitMsOf(tatMs, 1075, pace)).toBeLessThanOrEqual(0)
  })

  test('a burst of 1 is an even pace', () => {
    expect(taken([0, 50, 100, 100, 200], 10, 1)).toEqual([0, 100, 200])
  })

  test('counts one that costs more as so many', () => {
    const pace = intervalOf({ perSecond: 1000, burst: 500 })
    expect(waitMsOf(0, 10_000, pace, 500)).toBeLessThanOrEqual(0)
    const tatMs = nextTatMs(0, 10_000, pace, 300)
    expect(waitMsOf(tatMs, 10_000, pace, 200)).toBeLessThanOrEqual(0)
    expect(waitMsOf(tatMs, 10_000, pace, 250)).toBeCloseTo(50, 1)
    expect(waitMsOf(tatMs, 10_050, pace, 250)).toBeLessThanOrEqual(0)
    let oneByOne = 0
    for (let i = 0; i < 300; i++) oneByOne = nextTatMs(oneByOne, 10_000, pace)
    expect(tatMs).toBeCloseTo(oneByOne, 6)
  })

  test('has no room for one that costs more than the burst, however long it has been quiet', () => {
    const pace = intervalOf({ perSecond: 1000, burst: 500 })
    expect(waitMsOf(0, 1_000_000, pace, 501)).toBeGreaterThan(0)
  })

  test('is used up by what costs more than there is, and no further', () => {
    const pace = intervalOf({ perSecond: 1000, burst: 500 })
    const tatMs = spentTatMs(spentTatMs(0, 10_000, pace, 100), 10_000, pace, 1_000_000)
    expect(waitMsOf(tatMs, 10_000, pace, 500)).toBeCloseTo(500, 1)
    expect(waitMsOf(tatMs, 10_500, pace, 500)).toBeLessThanOrEqual(0)
    expect(spentTatMs(0, 10_000, pace, 100)).toBe(nextTatMs(0, 10_000, pace, 100))
  })

  test('that is turned off bounds nothing', () => {
    expect(intervalOf(false)).toBe(UNBOUNDED)
    let tatMs = 0
    for (let i = 0; i < 1000; i++) {
      expect(waitMsOf(tatMs, 5, UNBOUNDED)).toBeLessThanOrEqual(0)
      tatMs = nextTatMs(tatMs, 5, UNBOUNDED)
      tatMs = spentTatMs(tatMs, 5, UNBOUNDED, 1e12)
      expect(waitMsOf(tatMs, 5, UNBOUNDED, 1e12)).toBeLessThanOrEqual(0)
    }
  })
})

test('of whatever comes, in any time no more is taken than the burst and what the rate allows', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 40, size: 'max' }),
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

test('whatever they cost, in any time no more is taken than the burst and what the rate allows', () => {
  const pace = intervalOf({ perSecond: 1000, burst: 500 })
  const coming = fc.record({
    gapMs: fc.integer({ min: 0, max: 300 }),
    cost: fc.integer({ min: 0, max: 600 }),
  })
  fc.assert(
    fc.property(fc.array(coming, { maxLength: 40, size: 'max' }), (all) => {
      let [nowMs, tatMs] = [0, 0]
      const through: { nowMs: number; cost: number }[] = []
      for (const { gapMs, cost } of all) {
        nowMs += gapMs
        if (waitMsOf(tatMs, nowMs, pace, cost) > 0) continue
        tatMs = nextTatMs(tatMs, nowMs, pace, cost)
        through.push({ nowMs, cost })
      }
      for (const [i, from] of through.entries()) {
        let sum = 0
        for (const to of through.slice(i)) {
          sum += to.cost
          expect(sum).toBeLessThanOrEqual(500 + (to.nowMs - from.nowMs) + 0.01)
        }
      }
    }),
    { numRuns: 200 },
  )
})
