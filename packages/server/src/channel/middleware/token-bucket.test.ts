import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type TokenBucket, takeToken } from './token-bucket'

const options = { perSecond: 10, burst: 3 }

/** Takes at each time, and returns whether it got one. */
function take(times: readonly number[], given = options): boolean[] {
  let bucket: TokenBucket | null = null
  return times.map((atMs) => {
    const verdict = takeToken(bucket, atMs, given)
    if (verdict.isTaken) bucket = verdict.bucket
    return verdict.isTaken
  })
}

describe('a token bucket', () => {
  test('gives a burst at once, and then as many a second as it may', () => {
    expect(take([0, 0, 0, 0, 99, 100, 100, 200])).toEqual([true, true, true, false, false, true, false, true])
  })

  test('fills up to the burst and no further', () => {
    expect(take([0, 0, 0, 100_000, 100_000, 100_000, 100_000])).toEqual([
      true,
      true,
      true,
      true,
      true,
      true,
      false,
    ])
  })

  test('says when to try again, and means it', () => {
    const bucket = { tokens: 0.25, atMs: 1000 }
    const verdict = takeToken(bucket, 1000, options)
    expect(verdict).toEqual({ isTaken: false, retryAfterMs: 75 })
    expect(takeToken(bucket, 1074, options).isTaken).toBe(false)
    expect(takeToken(bucket, 1075, options).isTaken).toBe(true)
  })
})

test('[S-9] in no span of time does it give more than a burst and the rate', () => {
  const gaps = fc.array(fc.nat(300), { maxLength: 100 })
  fc.assert(
    fc.property(gaps, (all) => {
      let nowMs = 0
      const times = all.map((gap) => {
        nowMs += gap
        return nowMs
      })
      const taken = take(times).filter(Boolean).length
      expect(taken).toBeLessThanOrEqual(options.burst + (nowMs * options.perSecond) / 1000)
    }),
  )
})
