import type { Limits } from '@rollcall/shared-protocol'
import { ServerError } from '../errors'
import { intervalOf, type Rate, type RateInterval } from './gcra'

/**
 * How fast clients may send. Each rate holds for one connection, and for all connections of one identity together: who
 * opens more connections may send no more. Of `refreshes` and `abuse` an identity has four times what one connection has.
 * The guests of one address, who are different people, may together send `guestsPerAddress` times as much. `false` bounds
 * nothing.
 */
export interface RatesOptions {
  /** Messages of any kind. @default {perSecond: 100, burst: 500} */
  readonly messages: Rate | false
  /**
   * Bytes of whatever comes, as sent or as inflated, whichever is more. A burst has to have room for a message of
   * `limits.frameBytes`.
   * @default {perSecond: 131072, burst: 1048576}
   */
  readonly bytes: Rate | false
  /** Joins, and names that a Vix client says. @default {perSecond: 50, burst: 512} */
  readonly joins: Rate | false
  /** Changes of its own presence. The latest is kept until its time has come. @default {perSecond: 20, burst: 60} */
  readonly updates: Rate | false
  /** New credentials: each asks `authenticate`, and `authorize` of every topic. @default {perSecond: 1, burst: 5} */
  readonly refreshes: Rate | false
  /**
   * What is refused: frames that are too fast, too large or not to be understood, and credentials that are not taken.
   * A connection that goes on is closed with 1008.
   * @default {perSecond: 5, burst: 200}
   */
  readonly abuse: Rate | false
  /** So many times each rate is what the guests of one address may send together. @default 8 */
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

/** The same for all connections of a node. */
export type RateIntervals = Readonly<Record<RateName, RateInterval>>

/** The same for all connections of an account together. */
export interface AccountIntervals {
  readonly ofIdentity: RateIntervals
  /** Of the guests of one address. */
  readonly ofGuests: RateIntervals
}

/**
 * How many times an account may do what one connection may, where that is not once. A tab that is broken is closed well
 * before its account's refusals are used up, so that its owner's other tabs, which it slows down, go on. And the tabs of
 * one login renew their credentials at about the same time.
 */
const ACCOUNT_FACTORS: Partial<Record<RateName, number>> = { abuse: 4, refreshes: 4 }

/** How fast an account may send, as a multiple of the rate of one connection. */
export function accountFactor(name: RateName, isGuests: boolean, { guestsPerAddress }: RatesOptions): number {
  return (ACCOUNT_FACTORS[name] ?? 1) * (isGuests ? guestsPerAddress : 1)
}

export function rateIntervalsOf(rates: RatesOptions): RateIntervals {
  return scaledIntervals(rates, () => 1)
}

/** What accounts are held to. */
export function accountIntervalsOf(rates: RatesOptions): AccountIntervals {
  return {
    ofIdentity: scaledIntervals(rates, (name) => accountFactor(name, false, rates)),
    ofGuests: scaledIntervals(rates, (name) => accountFactor(name, true, rates)),
  }
}

function scaledIntervals(rates: RatesOptions, timesOf: (name: RateName) => number): RateIntervals {
  const pace = (name: RateName): RateInterval => {
    const rate = rates[name]
    if (rate === false) return intervalOf(rate)
    const times = timesOf(name)
    return intervalOf({ perSecond: rate.perSecond * times, burst: rate.burst * times })
  }
  return {
    messages: pace('messages'),
    bytes: pace('bytes'),
    joins: pace('joins'),
    updates: pace('updates'),
    refreshes: pace('refreshes'),
    abuse: pace('abuse'),
  }
}

/** Throws `invalid_option` for what could never work. */
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
    // As a program that is not type-checked may have it.
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
