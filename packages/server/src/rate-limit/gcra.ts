/*
 *   time  ----+----+----+----|=====burst=====|---->
 *            now                             tat
 *
 * The generic cell rate algorithm (ITU-T I.371): of all that came so far one number is
 * kept, the time at which the next would come if they came evenly (`tat`, theoretical arrival time). Each takes it on by
 * one interval, and what comes earlier than the burst allows is too fast. A `tat` that has passed is as good as none.
 *
 * What costs more than one, as a message does of which the bytes are counted, is so many at once.
 */

/** A rate, as an option says it. */
export interface Rate {
  /** How many a second in the long run. */
  readonly perSecond: number
  /** How many at once after a quiet spell. */
  readonly burst: number
}

/** Whoever takes one checks its values. */
export const RATE_TYPES = { perSecond: 'anything', burst: 'anything' } as const satisfies Record<
  keyof Rate,
  'anything'
>

/** The same as is reckoned with, in milliseconds. */
export interface RateInterval {
  /** From one to the next in the long run. */
  readonly intervalMs: number
  /** How far the next may come before its time. */
  readonly toleranceMs: number
}

/** What adding up a burst's intervals may come to beside their product, so that the last of the burst is let through. */
const ROUNDING_MS = 0.001

/** Nothing is too fast. */
export const UNBOUNDED: RateInterval = { intervalMs: 0, toleranceMs: Number.POSITIVE_INFINITY }

/** `false` bounds nothing. */
export function intervalOf(rate: Rate | false): RateInterval {
  if (rate === false) return UNBOUNDED
  const intervalMs = 1000 / rate.perSecond
  return { intervalMs, toleranceMs: (rate.burst - 1) * intervalMs + ROUNDING_MS }
}

/** Milliseconds until `cost` more may come; 0 or less for now. More than the burst never may. */
export function waitMsOf(tatMs: number, nowMs: number, pace: RateInterval, cost = 1): number {
  const dueMs = Math.max(tatMs, nowMs) + (cost - 1) * pace.intervalMs
  // In this order, so that who waits just so long finds that it is time.
  return dueMs - pace.toleranceMs - nowMs
}

/** The time kept after `cost` more have come. */
export function nextTatMs(tatMs: number, nowMs: number, pace: RateInterval, cost = 1): number {
  return Math.max(tatMs, nowMs) + cost * pace.intervalMs
}

/** The same for what came whether it might or not: it takes what there is, and no more, however much it costs. */
export function spentTatMs(tatMs: number, nowMs: number, pace: RateInterval, cost: number): number {
  return Math.min(nextTatMs(tatMs, nowMs, pace, cost), nowMs + pace.toleranceMs + pace.intervalMs)
}
