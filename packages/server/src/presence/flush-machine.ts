import { type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'

/*
 *            touched              due                 flushed, nothing new
 *   quiet --------------> due --------------> flushing ----------------------> quiet
 *                          ^                      |
 *                          +----------------------+
 *                             flushed with new work; failed, to be tried again
 *
 * When one topic flushes: at once after a quiet spell, spaced while it is busy, never two at a time. `closed` follows
 * from every state and is final.
 */

export type FlushState =
  | { readonly name: 'quiet' }
  /** A flush is scheduled; it contains everything staged until it begins. */
  | { readonly name: 'due' }
  /** `isTouched`: there is something new that this flush may not contain. */
  | { readonly name: 'flushing'; readonly isTouched: boolean }
  | { readonly name: 'closed' }

export type FlushEvent =
  /** There is something to flush. */
  | { readonly kind: 'touched' }
  /** The scheduled time has come. */
  | { readonly kind: 'due' }
  /** `isIdle`: nobody needs the topic any more. `hasWork`: another flush has something to do. */
  | { readonly kind: 'flushed'; readonly isIdle: boolean; readonly hasWork: boolean }
  /** The store accepted nothing. */
  | { readonly kind: 'failed' }
  | { readonly kind: 'closed' }

export type FlushEffect =
  | { readonly kind: 'schedule'; readonly delayMs: number }
  | { readonly kind: 'flush' }
  /** The topic may be forgotten. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'cancel' }

export interface FlushContext {
  /** Milliseconds until the next flush may begin; 0 for at once. */
  readonly delayMs: number
  /** Milliseconds until a failed flush is tried again. */
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
  /** Minimum milliseconds between two flushes of a busy topic. @default 5 */
  readonly floorMs: number
  /** Maximum milliseconds that a change waits for its flush. @default 200 */
  readonly ceilingMs: number
  /**
   * Share of one core that the flushes of one topic may take, above 0 and at most 1. A topic whose flush takes more than
   * `ceilingMs * share` exceeds it. @default 0.05
   */
  readonly share: number
}

export const DEFAULT_FLUSH: FlushOptions = { floorMs: 5, ceilingMs: 200, share: 0.05 }

/**
 * Spaces the flushes of one topic. The first change after a quiet spell does not wait. After a flush that took `c`
 * milliseconds, the next one is due `c / share` after its start, between floor and ceiling. A small topic hardly waits,
 * and a large one takes its share of one core. A flush that takes more than `ceilingMs * share` (10 ms) makes the share
 * grow instead, as nobody waits longer than the ceiling: a flush of 40 ms every 200 ms is a fifth of a core.
 */
export class FlushSchedule {
  readonly #options: FlushOptions
  #notBefore = 0

  constructor(options: FlushOptions) {
    this.#options = options
  }

  /** Milliseconds from `nowMs` until the next flush may begin; 0 for at once. */
  delay(nowMs: number): number {
    return Math.max(0, this.#notBefore - nowMs)
  }

  /** Notes a flush that began at `startedMs` and took `costMs` of processor time. */
  flushed(startedMs: number, costMs: number): void {
    const { floorMs, ceilingMs, share } = this.#options
    this.#notBefore = startedMs + Math.min(ceilingMs, Math.max(floorMs, costMs / share))
  }
}
