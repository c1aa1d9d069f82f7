import { rollcallDialect, zzzDialect } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { Packet } from '../io/packet'
import { VirtualClock } from '../testing-support/virtual-clock'
import { RecentStates } from './recent-states'

const MIB = 1_048_576
const state = (chars: number) => new Packet(['x'.repeat(chars)], true)
const at = (seq: number) => ({ epoch: 'e', seq })

function keeping() {
  const clock = new VirtualClock()
  return { clock, kept: new RecentStates(clock) }
}

describe('[S-100] kept states', () => {
  test('are found by topic, dialect and position', () => {
    const { kept } = keeping()
    const [here, packet] = [at(1), state(20_000)]
    kept.keep('a', rollcallDialect, here, packet)
    expect(kept.get('a', rollcallDialect, here)).toBe(packet)
    expect(kept.get('b', rollcallDialect, here)).toBeNull()
    expect(kept.get('a', zzzDialect, here)).toBeNull()
    // After a restart of the store, the same numbers may name another state.
    expect(kept.get('a', rollcallDialect, at(1))).toBeNull()
  })

  test('replace earlier ones', () => {
    const { kept } = keeping()
    const [one, two] = [at(1), at(2)]
    kept.keep('a', rollcallDialect, one, state(20_000))
    kept.keep('a', rollcallDialect, two, state(30_000))
    expect([kept.get('a', rollcallDialect, one), kept.bytes]).toEqual([null, 90_000])
    kept.keep('a', rollcallDialect, at(3), state(10))
    expect([kept.get('a', rollcallDialect, two), kept.bytes]).toEqual([null, 0])
  })

  test('do not include small ones', () => {
    const { kept } = keeping()
    const here = at(1)
    kept.keep('a', rollcallDialect, here, state(16_383))
    expect(kept.get('a', rollcallDialect, here)).toBeNull()
    kept.keep('a', rollcallDialect, here, state(16_384))
    expect(kept.get('a', rollcallDialect, here)).not.toBeNull()
  })

  test('are dropped a second after their last use', async () => {
    const { clock, kept } = keeping()
    const here = at(1)
    kept.keep('asked', rollcallDialect, here, state(20_000))
    kept.keep('not asked', rollcallDialect, here, state(20_000))
    await clock.advance(600)
    kept.get('asked', rollcallDialect, here)
    await clock.advance(399)
    expect(kept.bytes).toBe(120_000)
    await clock.advance(1)
    expect([kept.bytes, kept.get('not asked', rollcallDialect, here)]).toEqual([60_000, null])
    await clock.advance(600)
    expect(kept.bytes).toBe(0)
    kept.keep('later', rollcallDialect, here, state(20_000))
    await clock.advance(1000)
    expect(kept.bytes).toBe(0)
  })

  test('have at most 64 MiB together: the least recently used is dropped', () => {
    const { kept } = keeping()
    const here = at(1)
    const tenMib = state(10 * MIB)
    kept.keep('a', rollcallDialect, here, tenMib)
    kept.keep('b', rollcallDialect, here, tenMib)
    kept.get('a', rollcallDialect, here)
    kept.keep('c', rollcallDialect, here, tenMib)
    expect(kept.bytes).toBe(60 * MIB)
    expect(['a', 'b', 'c'].map((topic) => kept.get(topic, rollcallDialect, here) !== null)).toEqual([
      true,
      false,
      true,
    ])
    kept.keep('d', rollcallDialect, here, state(22 * MIB))
    expect([kept.get('d', rollcallDialect, here), kept.bytes]).toEqual([null, 60 * MIB])
  })

  test('are dropped with the node, and its timer ends', async () => {
    const { clock, kept } = keeping()
    kept.keep('a', rollcallDialect, at(1), state(20_000))
    kept.close()
    expect([kept.bytes, clock.pendingCount]).toEqual([0, 0])
  })
})
