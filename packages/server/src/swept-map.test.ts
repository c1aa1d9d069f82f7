import { describe, expect, test } from 'vitest'
import { SweptMap } from './collections'

const SWEEP_MS = 10_000
/** Each value is the time at which it is spent. */
const until = () => new SweptMap<number>((spentMs, nowMs) => spentMs <= nowMs)

describe('a map that is swept', () => {
  test('has a value for each name, the latest', () => {
    const map = until()
    map.set('a', 100)
    map.set('a', 200)
    map.set('b', 300)
    expect([map.get('a', 0), map.get('b', 0), map.get('c', 0), map.size]).toEqual([200, 300, undefined, 2])
  })

  test('forgets a value at the very moment at which it is spent, and none before', () => {
    const map = until()
    map.set('spent', SWEEP_MS)
    map.set('not yet', SWEEP_MS + 1)
    expect([map.get('spent', SWEEP_MS), map.get('not yet', SWEEP_MS), map.size]).toEqual([
      undefined,
      SWEEP_MS + 1,
      1,
    ])
  })

  test('is swept every ten seconds, not each time that it is read', () => {
    const map = until()
    map.get('nobody', SWEEP_MS)
    map.set('a', SWEEP_MS + 1)
    expect([map.get('a', 2 * SWEEP_MS - 1), map.size]).toEqual([SWEEP_MS + 1, 1])
    map.get('nobody', 2 * SWEEP_MS)
    expect(map.size).toBe(0)
  })
})
