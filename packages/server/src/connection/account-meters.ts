import { SweptMap } from '../collections'
import { type Account, isGuests } from '../identity/account'
import type { AccountIntervals } from '../rate-limit/rates'
import { RateMeter } from './meter'

/**
 * What all connections of an account have sent of late. It outlives each of them, so that nobody gets a new burst by
 * connecting anew, and is forgotten once the account has been quiet for long enough that it no longer matters. (S-52)
 */
export class AccountRateMeters {
  readonly #paces: AccountIntervals
  readonly #meters = new SweptMap<RateMeter>((meter, nowMs) => meter.isIdle(nowMs))

  constructor(paces: AccountIntervals) {
    this.#paces = paces
  }

  /** Accounts that have sent something of late. */
  get size(): number {
    return this.#meters.size
  }

  /** The account's meter. Ask anew each time: one that is idle may be replaced. */
  of(account: Account, nowMs: number): RateMeter {
    let meter = this.#meters.get(account, nowMs)
    if (!meter) {
      const { ofIdentity, ofGuests } = this.#paces
      meter = new RateMeter(isGuests(account) ? ofGuests : ofIdentity)
      this.#meters.set(account, meter)
    }
    return meter
  }
}
