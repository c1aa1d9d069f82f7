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
