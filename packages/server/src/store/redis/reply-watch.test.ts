import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../../testing-support/virtual-clock'
import { watchForReply } from './reply-watch'

/** A watch of 1000 ms, begun at 100 ms. */
async function begun() {
  const clock = new VirtualClock()
  await clock.advance(100)
  const seen = { heardMs: 0, silentAtMs: null as number | null }
  const watch = watchForReply({
    clock,
    timeoutMs: 1000,
    lastReplyMs: () => seen.heardMs,
    onSilence: () => {
      seen.silentAtMs = clock.now()
    },
  })
  return { clock, seen, watch }
}

describe('[S-11] a watch for a reply', () => {
  test('ends after its time of silence', async () => {
    const { clock, seen } = await begun()
    await clock.advance(999)
    expect(seen.silentAtMs).toBeNull()
    await clock.advance(1)
    expect(seen.silentAtMs).toBe(1100)
    expect(clock.pendingCount).toBe(0)
  })

  test('continues while other replies arrive', async () => {
    const { clock, seen } = await begun()
    await clock.advance(600)
    seen.heardMs = clock.now()
    await clock.advance(999)
    expect(seen.silentAtMs).toBeNull()
    await clock.advance(1)
    expect(seen.silentAtMs).toBe(1700)
  })

  test('ends after five times its time, even if other replies arrive', async () => {
    const { clock, seen } = await begun()
    while (seen.silentAtMs === null && clock.now() < 10_000) {
      await clock.advance(10)
      seen.heardMs = clock.now()
    }
    expect(seen.silentAtMs).toBeGreaterThanOrEqual(5100)
    expect(seen.silentAtMs).toBeLessThanOrEqual(6100)
  })

  test('checks again after reading, if the process was busy until a punctual timer', async () => {
    const clock = new VirtualClock()
    let looks = 0
    let isSilent = false
    // The answer is read between the first look and the second.
    const heardMs = () => (looks++ === 0 ? 0 : 1100)
    const onSilence = () => {
      isSilent = true
    }
    const watch = watchForReply({ clock, timeoutMs: 1000, lastReplyMs: heardMs, onSilence })
    clock.elapse(1100)
    await clock.advance(900)
    expect({ looks, isSilent }).toEqual({ looks: 2, isSilent: false })
    watch.cancel()
  })

  test('is over once cancelled, even between the two checks', async () => {
    const clock = new VirtualClock()
    let isSilent = false
    const heardMs = () => {
      watch.cancel()
      return 0
    }
    const onSilence = () => {
      isSilent = true
    }
    const watch = watchForReply({ clock, timeoutMs: 1000, lastReplyMs: heardMs, onSilence })
    await clock.advance(3000)
    expect({ isSilent, pending: clock.pendingCount }).toEqual({ isSilent: false, pending: 0 })
  })

  test('lets replies be read first if the process was busy', async () => {
    const { clock, seen } = await begun()
    clock.elapse(3000)
    await clock.advance(0)
    expect(seen.silentAtMs).toBeNull()
    seen.heardMs = clock.now()
    await clock.advance(999)
    expect(seen.silentAtMs).toBeNull()
  })

  test('excuses late timers a limited number of times', async () => {
    const { clock, seen } = await begun()
    for (let i = 0; i < 5; i++) {
      clock.elapse(10_000)
      await clock.advance(0)
      expect(seen.silentAtMs).toBeNull()
    }
    clock.elapse(10_000)
    await clock.advance(0)
    expect(seen.silentAtMs).toBe(60_100)
  })

  test('is over with the reply', async () => {
    const { clock, seen, watch } = await begun()
    watch.cancel()
    await clock.advance(10_000)
    expect(seen.silentAtMs).toBeNull()
  })
})
