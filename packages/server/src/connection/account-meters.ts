import { type Account, isGuests } from '../door/account'
import { Meter } from './meter'
import type { AccountPaces } from './rates'

/** Between two looks for accounts that have been quiet for long enough. */
const SWEEP_MS = 10_000

/**
 * What all connections of an account have sent of late. It outlives each of them, so that nobody gets a new burst by
 * connecting anew, and is forgotten once the account has been quiet for long enough that it no longer matters. (S-52)
 */
export class AccountMeters {
  readonly #paces: AccountPaces
  readonly #meters = new Map<Account, Meter>()
  #sweptMs = 0

  constructor(paces: AccountPaces) {
    this.#paces = paces
  }

  /** Accounts that have sent something of late. */
  get size(): number {
    return this.#meters.size
  }

  /** The account's meter. Ask anew each time: one that is idle may be replaced. */
  of(account: Account, nowMs: number): Meter {
    if (nowMs - this.#sweptMs >= SWEEP_MS) this.#sweep(nowMs)
    let meter = this.#meters.get(account)
    if (!meter) {
      const { ofIdentity, ofGuests } = this.#paces
      meter = new Meter(isGuests(account) ? ofGuests : ofIdentity)
      this.#meters.set(account, meter)
    }
    return meter
  }

  #sweep(nowMs: number): void {
    this.#sweptMs = nowMs
    for (const [account, meter] of this.#meters) if (meter.isIdle(nowMs)) this.#meters.delete(account)
  }
}
