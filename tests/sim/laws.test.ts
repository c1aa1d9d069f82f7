import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anySchedule, play } from './schedule'

const RUNS = 1000

test(`[S-6, S-8, S-11, C-15, C-17, C-18, C-23] the laws hold in ${RUNS} schedules`, {
  timeout: 240_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(anySchedule, async (schedule) => {
      expect(await play(schedule)).toEqual([])
    }),
    // Of a build that is broken on purpose, nobody reads the smallest schedule.
    { numRuns: RUNS, endOnFailure: process.env.MUTANT !== undefined },
  )
})
