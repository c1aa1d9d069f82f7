/*
 *   time  ----+----+----+----|=====burst=====|---->
 *            now                             tat
 *
 * The generic cell rate algorithm (ITU-T I.371) keeps one number per meter: `tat`, the theoretical arrival time of the next
 * event if events came evenly. Each event moves it on by one interval, and an event that comes earlier than the burst
 * allows is too fast. A `tat` in the past is the same as none.
 *
 * A cost above one counts as that many arrivals; a byte rate counts a message's bytes this way.
 */

/** A rate in the options. */
export interface Rate {
  /** Events per second in the long run. */
  readonly perSecond: number
  /** Events at once after a quiet period. */
  readonly burst: number
}

/** The option names of a rate. The resolver of each option checks the values. */
export const RATE_TYPES = { perSecond: 'anything', burst: 'anything' } as const satisfies Record<
  keyof Rate,
  'anything'
>

/** A rate converted to milliseconds. */
export interface RateInterval {
  /** The time between two events in the long run. */
  readonly intervalMs: number
  /** An event may come this much before its `tat`. */
  readonly toleranceMs: number
}

/** Tolerance for floating-point sums, so that the last event of a burst passes. */
const ROUNDING_MS = 0.001

export const UNBOUNDED: RateInterval = { intervalMs: 0, toleranceMs: Number.POSITIVE_INFINITY }

/** Converts a rate. `false` allows any rate. */
export function intervalOf(rate: Rate | false): RateInterval {
  if (rate === false) return UNBOUNDED
  const intervalMs = 1000 / rate.perSecond
  return { intervalMs, toleranceMs: (rate.burst - 1) * intervalMs + ROUNDING_MS }
}

/** Milliseconds until an event of this cost may come; 0 or less means now. A cost above the burst never may. */
export function waitMsOf(tatMs: number, nowMs: number, interval: RateInterval, cost = 1): number {
  const dueMs = Math.max(tatMs, nowMs) + (cost - 1) * interval.intervalMs
  // Subtracted in this order: after waiting exactly this long, rounding must not leave a positive rest.
  return dueMs - interval.toleranceMs - nowMs
}

/** The `tat` after an event of this cost. */
export function nextTatMs(tatMs: number, nowMs: number, interval: RateInterval, cost = 1): number {
  return Math.max(tatMs, nowMs) + cost * interval.intervalMs
}

/** The `tat` after an event that happened without a check: it uses up at most one burst, whatever its cost. */
export function spentTatMs(tatMs: number, nowMs: number, interval: RateInterval, cost: number): number {
  return Math.min(nextTatMs(tatMs, nowMs, interval, cost), nowMs + interval.toleranceMs + interval.intervalMs)
}
