import type { Limits } from '@rollcall/shared-protocol'
import { ServerError } from '../errors'
import { type Pace, paceOf, type Rate } from '../gcra'

/** How fast one connection may send. `false` bounds nothing. */
export interface RatesOptions {
  /** Messages of any kind. @default {perSecond: 100, burst: 500} */
  readonly messages: Rate | false
  /**
   * Bytes of messages, inflated. A burst has to have room for a message of `limits.frameBytes`.
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
   * Whose are more is closed with 1008.
   * @default {perSecond: 5, burst: 200}
   */
  readonly abuse: Rate | false
}

export const DEFAULT_RATES: RatesOptions = {
  messages: { perSecond: 100, burst: 500 },
  bytes: { perSecond: 131_072, burst: 1_048_576 },
  joins: { perSecond: 50, burst: 512 },
  updates: { perSecond: 20, burst: 60 },
  refreshes: { perSecond: 1, burst: 5 },
  abuse: { perSecond: 5, burst: 200 },
}

export type RateName = keyof RatesOptions

/** The same for all connections of a node. */
export type Paces = Readonly<Record<RateName, Pace>>

export function pacesOf(rates: RatesOptions): Paces {
  const { messages, bytes, joins, updates, refreshes, abuse } = rates
  return {
    messages: paceOf(messages),
    bytes: paceOf(bytes),
    joins: paceOf(joins),
    updates: paceOf(updates),
    refreshes: paceOf(refreshes),
    abuse: paceOf(abuse),
  }
}

/** Throws `invalid_option` for what could never work. */
export function checkRates(rates: RatesOptions, { frameBytes }: Pick<Limits, 'frameBytes'>): void {
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
  const { bytes } = rates
  if (bytes === false || bytes.burst >= frameBytes) return
  throw new ServerError(
    'invalid_option',
    `rates.bytes.burst is ${bytes.burst}: no message of limits.frameBytes, ${frameBytes}, could ever be taken.`,
  )
}
