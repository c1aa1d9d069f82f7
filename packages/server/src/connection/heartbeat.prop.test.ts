import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkLiveness, type PeerActivity, sweepIntervalMs } from './heartbeat'

const options = fc.record({
  pingIntervalMs: fc.integer({ min: 10, max: 60_000 }),
  pongTimeoutMs: fc.integer({ min: 10, max: 60_000 }),
})

/** Sweeps until the peer is found dead, or `untilMs`; it answers each question after `answerMs`, or never. */
function watch(
  given: { pingIntervalMs: number; pongTimeoutMs: number },
  firstMs: number,
  answerMs: number | null,
) {
  let peer: PeerActivity = { lastHeardMs: 0, pingedAtMs: null }
  const untilMs = 3 * (given.pingIntervalMs + given.pongTimeoutMs)
  for (let nowMs = firstMs; nowMs < untilMs; nowMs += sweepIntervalMs(given)) {
    const { pingedAtMs } = peer
    if (pingedAtMs !== null && answerMs !== null && nowMs >= pingedAtMs + answerMs) {
      peer = { lastHeardMs: pingedAtMs + answerMs, pingedAtMs: null }
    }
    const verdict = checkLiveness(peer, nowMs, given)
    if (verdict === 'dead') return nowMs
    if (verdict === 'ping') peer = { ...peer, pingedAtMs: nowMs }
  }
  return null
}

test('[S-8] a silent peer is found within pingIntervalMs + pongTimeoutMs, whenever the sweeps happen', () => {
  fc.assert(
    fc.property(options, fc.double({ min: 0, max: 0.999, noNaN: true }), (given, phase) => {
      const foundMs = watch(given, phase * sweepIntervalMs(given), null)
      expect(foundMs).not.toBeNull()
      expect(foundMs).toBeLessThanOrEqual(given.pingIntervalMs + given.pongTimeoutMs)
    }),
    { numRuns: 300 },
  )
})

test('[S-8] a peer that replies within pongTimeoutMs, less one sweep, never counts as dead', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(options, share, share, (given, phase, promptness) => {
      const sweepMs = sweepIntervalMs(given)
      const answerMs = promptness * (given.pongTimeoutMs - sweepMs)
      expect(watch(given, phase * sweepMs, answerMs)).toBeNull()
    }),
    { numRuns: 300 },
  )
})
