import { type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'

/*
 *            touched              due                 flushed, nothing came up
 *   quiet --------------> due --------------> flushing ----------------------> quiet
 *                          ^                      |
 *                          +----------------------+
 *                            flushed, more came up; failed, to be tried again
 *
 * When one topic flushes: at once after a quiet spell, spaced while it is busy, never two at a time. `closed` from
 * everywhere, and for good.
 */

export type FlushState =
  | { readonly name: 'quiet' }
  /** A flush is on its way; what is staged by then is in it. */
  | { readonly name: 'due' }
  /** `isTouched`: something came up that this flush may not have. */
  | { readonly name: 'flushing'; readonly isTouched: boolean }
  | { readonly name: 'closed' }

export type FlushEvent =
  /** There is something to flush. */
  | { readonly kind: 'touched' }
  /** The time of the flush that was scheduled has come. */
  | { readonly kind: 'due' }
  /** `isIdle`: nobody needs the topic any more. `hasWork`: something is left for another flush. */
  | { readonly kind: 'flushed'; readonly isIdle: boolean; readonly hasWork: boolean }
  /** The store took nothing. */
  | { readonly kind: 'failed' }
  | { readonly kind: 'closed' }

export type FlushEffect =
  | { readonly kind: 'schedule'; readonly delayMs: number }
  | { readonly kind: 'flush' }
  /** The topic may be forgotten. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'cancel' }

export interface FlushContext {
  /** How long the next flush has to wait for its turn, in milliseconds; 0 for not at all. */
  readonly delayMs: number
  /** How long a flush that failed waits for its next try, in milliseconds. */
  readonly retryMs: number
}

type FlushStep = Step<FlushState, FlushEffect>

function schedule(delayMs: number): FlushStep {
  return { state: { name: 'due' }, effects: [{ kind: 'schedule', delayMs }] }
}

const close = (): FlushStep => ({ state: { name: 'closed' }, effects: [{ kind: 'cancel' }] })

const table: TransitionTable<FlushState, FlushEvent, FlushEffect, FlushContext> = {
  quiet: {
    touched: (_state, _event, { delayMs }) => schedule(delayMs),
    due: stay,
    flushed: stay,
    failed: stay,
    closed: close,
  },
  due: {
    touched: stay,
    due: () => ({ state: { name: 'flushing', isTouched: false }, effects: [{ kind: 'flush' }] }),
    flushed: stay,
    failed: stay,
    closed: close,
  },
  flushing: {
    touched: () => stay({ name: 'flushing', isTouched: true }),
    due: stay,
    flushed: ({ isTouched }, { isIdle, hasWork }, { delayMs }) => {
      if (isIdle) return { state: { name: 'quiet' }, effects: [{ kind: 'idle' }] }
      return isTouched && hasWork ? schedule(delayMs) : stay({ name: 'quiet' })
    },
    failed: (_state, _event, { retryMs }) => schedule(retryMs),
    closed: close,
  },
  closed: { touched: stay, due: stay, flushed: stay, failed: stay, closed: stay },
}

export const QUIET: FlushState = { name: 'quiet' }

export function stepFlush(state: FlushState, event: FlushEvent, context: FlushContext): FlushStep {
  return stepBy(table, state, event, context)
}

export interface FlushOptions {
  /** Least time between two flushes of a busy topic, in milliseconds. @default 5 */
  readonly floorMs: number
  /** Most time that a change waits for its flush, in milliseconds. @default 200 */
  readonly ceilingMs: number
  /**
   * Share of one core that the flushes of one topic may take, above 0 and at most 1, until one of them costs more than
   * `ceilingMs * share`. @default 0.05
   */
  readonly share: number
}

export const DEFAULT_FLUSH: FlushOptions = { floorMs: 5, ceilingMs: 200, share: 0.05 }

/**
 * When a topic may flush next (DESIGN, "The flush"). The first change after a quiet spell need not wait; after a flush
 * that cost `c` the next one is due `c / share` after it began, between floor and ceiling. So a small topic hardly waits,
 * and fan-out takes its share of one core and no more, up to the size from which a flush costs more than
 * `ceilingMs * share` (10 ms). From there on nobody waits for longer than the ceiling, and the share grows with the topic
 * instead: a flush of 40 ms each 200 ms is a fifth of a core.
 */
export class FlushSchedule {
  readonly #options: FlushOptions
  #notBefore = 0

  constructor(options: FlushOptions) {
    this.#options = options
  }

  /** Milliseconds to wait from `nowMs` on; 0 for at once. */
  delay(nowMs: number): number {
    return Math.max(0, this.#notBefore - nowMs)
  }

  /** Notes a flush that began at `startedMs` and kept the processor busy for `costMs`. */
  flushed(startedMs: number, costMs: number): void {
    const { floorMs, ceilingMs, share } = this.#options
    this.#notBefore = startedMs + Math.min(ceilingMs, Math.max(floorMs, costMs / share))
  }
}
