import { describe, expect, test } from 'vitest'
import { checkLiveness, sweepIntervalMs } from './heartbeat'

const options = { pingIntervalMs: 20_000, pongTimeoutMs: 10_000 }

describe('the liveness check of a silent peer, every second', () => {
  test.each([
    ['who was just heard', { lastHeardMs: 0, pingedAtMs: null }, 0, 'alive'],
    ['who was heard a while ago', { lastHeardMs: 0, pingedAtMs: null }, 19_000, 'alive'],
    ['who would be silent too long by the next look', { lastHeardMs: 0, pingedAtMs: null }, 19_001, 'ping'],
    ['who was just asked', { lastHeardMs: 0, pingedAtMs: 20_000 }, 20_000, 'alive'],
    ['who has time to answer still', { lastHeardMs: 0, pingedAtMs: 20_000 }, 29_000, 'alive'],
    [
      'who would have had no time left by the next look',
      { lastHeardMs: 0, pingedAtMs: 20_000 },
      29_001,
      'dead',
    ],
  ] as const)('%s', (_what, peer, nowMs, verdict) => {
    expect(checkLiveness(peer, nowMs, options)).toBe(verdict)
  })
})

test.each([
  [{ pingIntervalMs: 20_000, pongTimeoutMs: 10_000 }, 1000],
  [{ pingIntervalMs: 400, pongTimeoutMs: 10_000 }, 100],
  [{ pingIntervalMs: 20_000, pongTimeoutMs: 200 }, 50],
  [{ pingIntervalMs: 20, pongTimeoutMs: 20 }, 10],
])('with %j the sweep runs every %d ms', (given, intervalMs) => {
  expect(sweepIntervalMs(given)).toBe(intervalMs)
})
