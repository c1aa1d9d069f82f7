import { nextTatMs, spentTatMs, waitMsOf } from '../rate-limit/gcra'
import type { RateIntervals, RateName } from '../rate-limit/rates'

/** How much somebody has sent of late: the GCRA's number for each rate. (S-36) */
export class RateMeter {
  readonly #paces: RateIntervals
  readonly #tatMs: Record<RateName, number> = {
    messages: 0,
    bytes: 0,
    joins: 0,
    updates: 0,
    refreshes: 0,
    abuse: 0,
  }

  constructor(paces: RateIntervals) {
    this.#paces = paces
  }

  /** Milliseconds until `cost` more may come; 0 or less for now. */
  waitMs(name: RateName, nowMs: number, cost = 1): number {
    return waitMsOf(this.#tatMs[name], nowMs, this.#paces[name], cost)
  }

  /** `cost` more have come, for which there was room. */
  take(name: RateName, nowMs: number, cost = 1): void {
    this.#tatMs[name] = nextTatMs(this.#tatMs[name], nowMs, this.#paces[name], cost)
  }

  /** `cost` more have come, whether there was room or not: they take what room there is. */
  spend(name: RateName, nowMs: number, cost = 1): void {
    this.#tatMs[name] = spentTatMs(this.#tatMs[name], nowMs, this.#paces[name], cost)
  }

  /** Whether nothing of what was sent counts any more, so that a new meter is as good. */
  isIdle(nowMs: number): boolean {
    const { messages, bytes, joins, updates, refreshes, abuse } = this.#tatMs
    return Math.max(messages, bytes, joins, updates, refreshes, abuse) <= nowMs
  }
}
