import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fractionOf, spread } from './random'

test('things are spread evenly, each within its share', () => {
  expect(spread(4, 1000, () => 0)).toEqual([0, 250, 500, 750])
  expect(spread(4, 1000, () => 0.5)).toEqual([125, 375, 625, 875])
  expect(spread(0, 1000, () => 0)).toEqual([])
  expect(spread(3, 0, () => 0.9)).toEqual([0, 0, 0])
})

test('ids of chance come to numbers that are spread, too', () => {
  fc.assert(
    fc.property(fc.array(fc.uuid(), { minLength: 400, maxLength: 400 }), (ids) => {
      const fractions = ids.map(fractionOf)
      for (const fraction of fractions) expect(fraction >= 0 && fraction < 1).toBe(true)
      for (let tenth = 0; tenth < 10; tenth++) {
        const within = fractions.filter((fraction) => Math.floor(fraction * 10) === tenth)
        expect(within.length).toBeGreaterThan(5)
      }
    }),
    { numRuns: 10 },
  )
})
