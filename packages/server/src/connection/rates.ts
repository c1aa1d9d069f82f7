import { ServerError } from '../errors'
import { type Pace, paceOf, type Rate } from '../gcra'

/** How fast one connection may send. `false` bounds nothing. */
export interface RatesOptions {
  /** Messages of any kind. @default {perSecond: 100, burst: 500} */
  readonly messages: Rate | false
  /** Joins, and names that a Vix client says. @default {perSecond: 50, burst: 512} */
  readonly joins: Rate | false
  /** Changes of its own presence. The latest is kept until its time has come. @default {perSecond: 20, burst: 60} */
  readonly updates: Rate | false
  /**
   * Frames that are refused: too fast, too large, or not to be understood. Whose are more is closed with 1008.
   * @default {perSecond: 5, burst: 200}
   */
  readonly abuse: Rate | false
}

export const DEFAULT_RATES: RatesOptions = {
  messages: { perSecond: 100, burst: 500 },
  joins: { perSecond: 50, burst: 512 },
  updates: { perSecond: 20, burst: 60 },
  abuse: { perSecond: 5, burst: 200 },
}

export type RateName = keyof RatesOptions

/** The same for all connections of a node. */
export type Paces = Readonly<Record<RateName, Pace>>

export function pacesOf({ messages, joins, updates, abuse }: RatesOptions): Paces {
  return {
    messages: paceOf(messages),
    joins: paceOf(joins),
    updates: paceOf(updates),
    abuse: paceOf(abuse),
  }
}

/** Throws `invalid_option` for what could never work. */
export function checkRates(rates: RatesOptions): void {
  for (const [name, rate] of Object.entries<Rate | false>({ ...rates })) {
    if (rate === false) continue
    // As a program that is not type-checked may have it.
    const { perSecond, burst } = rate ?? {}
    if (typeof perSecond === 'number' && perSecond > 0 && typeof burst === 'number' && burst >= 1) continue
    throw new ServerError(
      'invalid_option',
      `rates.${name} must be false, or have a perSecond above 0 and a burst of at least 1, not ${JSON.stringify(rate)}.`,
    )
  }
}
