import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../testing-support/virtual-clock'
import { ConcurrencyLimit } from './concurrency-limit'

describe('a window', () => {
  test('begins what has room at once, and what has none in order, as others end', async () => {
    const window = new ConcurrencyLimit(2)
    const ends: (() => void)[] = []
    const begun: number[] = []
    const all = [0, 1, 2, 3].map((i) =>
      window.run(() => {
        begun.push(i)
        return new Promise<number>((resolve) => ends.push(() => resolve(i)))
      }),
    )
    expect(begun).toEqual([0, 1])
    ends[1]?.()
    await all[1]
    expect(begun).toEqual([0, 1, 2])
    ends[0]?.()
    await all[0]
    expect(begun).toEqual([0, 1, 2, 3])
    ends[2]?.()
    ends[3]?.()
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3])
  })

  test('goes on past a task that fails', async () => {
    const window = new ConcurrencyLimit(1)
    const failing = window.run(() => Promise.reject(new Error('no')))
    const next = window.run(async () => 'yes')
    await expect(failing).rejects.toThrow('no')
    expect(await next).toBe('yes')
  })

  test('never has more under way, and loses none, whatever they take', async () => {
    const delays = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 60, size: 'max' })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), delays, async (size, tookMs) => {
        const clock = new VirtualClock()
        const window = new ConcurrencyLimit(size)
        let underWay = 0
        let most = 0
        const begun: number[] = []
        const all = tookMs.map((ms, i) =>
          window.run(async () => {
            begun.push(i)
            most = Math.max(most, ++underWay)
            await new Promise<void>((resolve) => clock.after(ms, resolve))
            underWay--
          }),
        )
        await clock.advance(6 * tookMs.length)
        await Promise.all(all)
        expect(begun).toEqual(tookMs.map((_, i) => i))
        expect(most).toBe(Math.min(size, tookMs.length))
      }),
      { numRuns: 50 },
    )
  })
})
