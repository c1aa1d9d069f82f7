import { describe, expect, test } from 'vitest'
import { DEFAULT_FLUSH, FlushSchedule } from './flush-machine'

const options = { floorMs: 5, ceilingMs: 200, share: 0.1 }

describe('when a topic may flush', () => {
  test('a topic flushes at once after a quiet spell', () => {
    const schedule = new FlushSchedule(options)
    expect(schedule.delay(0)).toBe(0)
    schedule.flushed(1000, 1)
    expect(schedule.delay(5000)).toBe(0)
  })

  test.each([
    ['a cheap flush', 0, 5],
    ['one that cost a little', 0.2, 5],
    ['one that cost 2 ms', 2, 20],
    ['one that cost 19 ms', 19, 190],
    ['one so large that its share would pass the ceiling', 50, 200],
  ])('after %s (%d ms): %d ms from its beginning', (_what, costMs, delayMs) => {
    const schedule = new FlushSchedule(options)
    schedule.flushed(1000, costMs)
    expect(schedule.delay(1000)).toBeCloseTo(delayMs)
    expect(schedule.delay(1000 + delayMs / 2)).toBeCloseTo(delayMs / 2)
  })

  test.each([
    ['a cheap flush', 0, 5],
    ['one that cost 4 ms', 4, 80],
    ['one that cost 40 ms', 40, 200],
  ])('by default after %s (%d ms): %d ms from its beginning', (_what, costMs, delayMs) => {
    const schedule = new FlushSchedule(DEFAULT_FLUSH)
    schedule.flushed(1000, costMs)
    expect(schedule.delay(1000)).toBeCloseTo(delayMs)
  })

  test('the latest flush decides the delay', () => {
    const schedule = new FlushSchedule(options)
    schedule.flushed(0, 20)
    schedule.flushed(200, 0)
    expect(schedule.delay(200)).toBe(5)
  })
})
