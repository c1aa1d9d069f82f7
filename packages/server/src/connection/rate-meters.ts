import { SweptMap } from '../collections'
import { type Account, isGuests } from '../identity/account'
import { nextTatMs, spentTatMs, waitMsOf } from '../rate-limit/gcra'
import type { AccountIntervals, RateIntervals, RateName } from '../rate-limit/rates'

/** How much one sender has sent recently: the theoretical arrival time of GCRA for each rate. (S-36) */
export class RateMeter {
  readonly #intervals: RateIntervals
  readonly #tatMs: Record<RateName, number> = {
    messages: 0,
    bytes: 0,
    joins: 0,
    updates: 0,
    refreshes: 0,
    abuse: 0,
  }

  constructor(intervals: RateIntervals) {
    this.#intervals = intervals
  }

  /** Milliseconds until `cost` more may come; 0 or less if they may come now. */
  waitMs(name: RateName, nowMs: number, cost = 1): number {
    return waitMsOf(this.#tatMs[name], nowMs, this.#intervals[name], cost)
  }

  /** Counts `cost` more. Call it only if {@link waitMs} allows them. */
  take(name: RateName, nowMs: number, cost = 1): void {
    this.#tatMs[name] = nextTatMs(this.#tatMs[name], nowMs, this.#intervals[name], cost)
  }

  /** Counts `cost` more even if the rate does not allow them: they use up the room that is left. */
  spend(name: RateName, nowMs: number, cost = 1): void {
    this.#tatMs[name] = spentTatMs(this.#tatMs[name], nowMs, this.#intervals[name], cost)
  }

  /** Whether nothing counts any more, so that a new meter would behave the same. */
  isIdle(nowMs: number): boolean {
    const { messages, bytes, joins, updates, refreshes, abuse } = this.#tatMs
    return Math.max(messages, bytes, joins, updates, refreshes, abuse) <= nowMs
  }
}

/**
 * Counts what all connections of an account have sent recently. A meter outlives the connections, so that reconnecting
 * brings no new burst, and is removed once the account has been quiet long enough. (S-52)
 */
export class AccountRateMeters {
  readonly #intervals: AccountIntervals
  readonly #meters = new SweptMap<RateMeter>((meter, nowMs) => meter.isIdle(nowMs))

  constructor(intervals: AccountIntervals) {
    this.#intervals = intervals
  }

  /** Accounts with a meter. */
  get size(): number {
    return this.#meters.size
  }

  /** The account's meter. Do not keep it: an idle meter may be replaced. */
  of(account: Account, nowMs: number): RateMeter {
    let meter = this.#meters.get(account, nowMs)
    if (!meter) {
      const { ofIdentity, ofGuests } = this.#intervals
      meter = new RateMeter(isGuests(account) ? ofGuests : ofIdentity)
      this.#meters.set(account, meter)
    }
    return meter
  }
}
