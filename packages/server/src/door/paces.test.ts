import { describe, expect, test } from 'vitest'
import { paceOf } from '../gcra'
import { Paces } from './paces'

const SWEEP_MS = 10_000
const paces = () => new Paces(paceOf({ perSecond: 1, burst: 2 }))

describe('the pace of each of many', () => {
  test('is its own: one that is too fast waits, and no other', () => {
    const each = paces()
    each.take('a', 0)
    expect(each.waitMsOf('a', 0)).toBeLessThanOrEqual(0)
    each.take('a', 0)
    expect(each.waitMsOf('a', 0)).toBeCloseTo(1_000, 0)
    expect(each.waitMsOf('a', 500)).toBeCloseTo(500, 0)
    expect(each.waitMsOf('b', 0)).toBeLessThanOrEqual(0)
    expect(each.size).toBe(1)
  })

  test('is forgotten once it has been quiet for so long that it is as good as new, and not before', () => {
    const each = paces()
    each.take('quiet', SWEEP_MS - 2_000)
    each.take('busy', SWEEP_MS - 1)
    each.take('busy', SWEEP_MS - 1)
    expect(each.size).toBe(2)
    each.take('c', SWEEP_MS)
    expect(each.size).toBe(2)
    expect(each.waitMsOf('busy', SWEEP_MS)).toBeGreaterThan(0)
  })

  test('is forgotten at the very moment at which it is as good as new', () => {
    const each = paces()
    each.take('a', SWEEP_MS - 1_000)
    each.take('b', SWEEP_MS)
    expect(each.size).toBe(1)
  })

  test('is looked after every ten seconds, not with each that comes', () => {
    const each = paces()
    each.take('early', SWEEP_MS)
    for (const name of ['a', 'b']) each.take(name, 2 * SWEEP_MS - 1)
    expect(each.size).toBe(3)
    each.take('late', 2 * SWEEP_MS)
    expect(each.size).toBe(3)
    each.take('latest', 3 * SWEEP_MS)
    expect(each.size).toBe(1)
  })
})
