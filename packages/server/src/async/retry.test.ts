import { expect, test } from 'vitest'
import { retryDelay } from './retry'

test('[S-54] a pause doubles with each failure, up to its longest', () => {
  expect([1, 2, 3, 4, 5, 2000].map((failures) => retryDelay(failures, { minMs: 50, maxMs: 500 }))).toEqual([
    50, 100, 200, 400, 500, 500,
  ])
})
