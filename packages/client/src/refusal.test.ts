import { describe, expect, test } from 'vitest'
import { readRefusal } from './refusal'

describe('how long a refusal asks to wait', () => {
  test.each([
    [250, 250],
    [0, 0],
    [-1, 0],
    ['250', 0],
    [undefined, 0],
    // A timer that is asked for more fires at once, and what was throttled would be sent in a loop.
    [2 ** 31, 2 ** 31 - 1],
    [Number.MAX_VALUE, 2 ** 31 - 1],
  ])('%j is %j ms', (said, waitMs) => {
    const response = { reason: 'throttled', ...(said === undefined ? {} : { retry_after_ms: said }) }
    expect(readRefusal(response).retryAfterMs).toBe(waitMs)
  })
})
