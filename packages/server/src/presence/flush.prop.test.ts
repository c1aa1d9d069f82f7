import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FlushSchedule } from './flush-machine'

test('[S-12] flushes back to back take no more than their share of a core, and wait no longer than the ceiling', () => {
  const cost = fc.double({ min: 0, max: 15, noNaN: true })
  fc.assert(
    fc.property(fc.array(cost, { minLength: 1, maxLength: 50, size: 'max' }), (costs) => {
      const options = { floorMs: 5, ceilingMs: 200, share: 0.1 }
      const schedule = new FlushSchedule(options)
      let nowMs = 0
      let busyMs = 0
      for (const costMs of costs) {
        const delayMs = schedule.delay(nowMs)
        expect(delayMs).toBeLessThanOrEqual(options.ceilingMs)
        nowMs += delayMs
        schedule.flushed(nowMs, costMs)
        nowMs += costMs
        busyMs += costMs
      }
      const untilNextMs = nowMs + schedule.delay(nowMs)
      expect(busyMs).toBeLessThanOrEqual(untilNextMs * options.share + 1e-6)
    }),
  )
})
