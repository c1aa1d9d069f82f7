import { expect, test } from 'vitest'
import { clockTime, dayLabel, dayOf, sinceText } from './time'

const now = new Date(2026, 2, 1, 9, 30).getTime()
const yesterday = new Date(2026, 1, 28, 23, 59).getTime()

test('a day begins at midnight here', () => {
  expect(dayOf(now)).not.toBe(dayOf(yesterday))
  expect(dayOf(now)).toBe(dayOf(new Date(2026, 2, 1, 0, 0).getTime()))
})

test('days go by the names that people give them', () => {
  expect(dayLabel(now, now)).toBe('Today')
  expect(dayLabel(yesterday, now)).toBe('Yesterday')
  expect(dayLabel(new Date(2026, 1, 2).getTime(), now, 'en-GB')).toBe('Monday 2 February')
})

test('times are told as the language writes them', () => {
  expect(clockTime(now, 'en-GB')).toBe('09:30')
  expect(sinceText(now, now, 'en-GB')).toBe('since 09:30')
  expect(sinceText(yesterday, now, 'en-GB')).toBe('since 28 Feb')
})

test('a clock that is ahead of ours is not believed', () => {
  expect(sinceText(now + 3_600_000, now, 'en-GB')).toBe('since 09:30')
})
