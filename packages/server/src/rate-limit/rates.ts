import type { Limits } from '@rollcall/shared-protocol'
import { ServerError } from '../errors'
import { intervalOf, type Rate, type RateInterval } from './gcra'

/**
 * Limits how fast clients may send. Each rate applies to one connection, and also to all connections of one identity
 * together, so opening more connections does not help. For `refreshes` and `abuse`, an identity has four times the rate of
 * one connection. The guests of one address share `guestsPerAddress` times each rate. `false` removes a limit.
 */
export interface RatesOptions {
  /** Messages of any kind. @default {perSecond: 100, burst: 500} */
  readonly messages: Rate | false
  /**
   * Bytes received, compressed or inflated, whichever is more. The burst must be at least `limits.frameBytes`.
   * @default {perSecond: 131072, burst: 1048576}
   */
  readonly bytes: Rate | false
  /** Joins, and names that a Vix client sends. @default {perSecond: 50, burst: 512} */
  readonly joins: Rate | false
  /** Updates of the client's own presence. The server coalesces those above the rate. @default {perSecond: 20, burst: 60} */
  readonly updates: Rate | false
  /** Credential refreshes: each runs `authenticate`, and `authorize` of every joined topic. @default {perSecond: 1, burst: 5} */
  readonly refreshes: Rate | false
  /**
   * Violations: frames that are too fast, too large or malformed, and credentials that are refused. Above this rate the
   * server closes the connection with 1008.
   * @default {perSecond: 5, burst: 200}
   */
  readonly abuse: Rate | false
  /** The guests of one address together may send this many times each rate. @default 8 */
  readonly guestsPerAddress: number
}

export const DEFAULT_RATES: RatesOptions = {
  messages: { perSecond: 100, burst: 500 },
  bytes: { perSecond: 131_072, burst: 1_048_576 },
  joins: { perSecond: 50, burst: 512 },
  updates: { perSecond: 20, burst: 60 },
  refreshes: { perSecond: 1, burst: 5 },
  abuse: { perSecond: 5, burst: 200 },
  guestsPerAddress: 8,
}

export type RateName = Exclude<keyof RatesOptions, 'guestsPerAddress'>

/** The rates of one connection. */
export type RateIntervals = Readonly<Record<RateName, RateInterval>>

/** The rates of all connections of an account together. */
export interface AccountIntervals {
  readonly ofIdentity: RateIntervals
  /** For the guests of one address. */
  readonly ofGuests: RateIntervals
}

/**
 * The factors of an account's rates that are not one. With a higher `abuse` rate for the account, the server closes a
 * broken tab before that tab uses up the account's rate and stops the user's other tabs. The tabs of one login refresh
 * their credentials at about the same time.
 */
const ACCOUNT_FACTORS: Partial<Record<RateName, number>> = { abuse: 4, refreshes: 4 }

/** The rate of an account as a multiple of the rate of one connection. */
export function accountFactor(name: RateName, isGuests: boolean, { guestsPerAddress }: RatesOptions): number {
  return (ACCOUNT_FACTORS[name] ?? 1) * (isGuests ? guestsPerAddress : 1)
}

export function rateIntervalsOf(rates: RatesOptions): RateIntervals {
  return scaledIntervals(rates, () => 1)
}

export function accountIntervalsOf(rates: RatesOptions): AccountIntervals {
  return {
    ofIdentity: scaledIntervals(rates, (name) => accountFactor(name, false, rates)),
    ofGuests: scaledIntervals(rates, (name) => accountFactor(name, true, rates)),
  }
}

function scaledIntervals(rates: RatesOptions, factorOf: (name: RateName) => number): RateIntervals {
  const intervalFor = (name: RateName): RateInterval => {
    const rate = rates[name]
    if (rate === false) return intervalOf(rate)
    const factor = factorOf(name)
    return intervalOf({ perSecond: rate.perSecond * factor, burst: rate.burst * factor })
  }
  return {
    messages: intervalFor('messages'),
    bytes: intervalFor('bytes'),
    joins: intervalFor('joins'),
    updates: intervalFor('updates'),
    refreshes: intervalFor('refreshes'),
    abuse: intervalFor('abuse'),
  }
}

/** Throws `invalid_option` for a rate that could never work. */
export function checkRates(rates: RatesOptions, { frameBytes }: Pick<Limits, 'frameBytes'>): void {
  const { guestsPerAddress, ...others } = rates
  if (!(typeof guestsPerAddress === 'number' && guestsPerAddress >= 1)) {
    throw new ServerError(
      'invalid_option',
      `rates.guestsPerAddress must be a number of at least 1, not ${JSON.stringify(guestsPerAddress)}.`,
    )
  }
  for (const [name, rate] of Object.entries<Rate | false>(others)) {
    if (rate === false) continue
    // A JavaScript program may pass anything.
    const { perSecond, burst } = rate ?? {}
    if (typeof perSecond === 'number' && perSecond > 0 && typeof burst === 'number' && burst >= 1) continue
    throw new ServerError(
      'invalid_option',
      `rates.${name} must be false, or have a perSecond above 0 and a burst of at least 1, not ${JSON.stringify(rate)}.`,
    )
  }
  const { bytes } = rates
  if (bytes === false || bytes.burst >= frameBytes) return
  throw new ServerError(
    'invalid_option',
    `rates.bytes.burst is ${bytes.burst}; it must be at least limits.frameBytes, which is ${frameBytes}.`,
  )
}
