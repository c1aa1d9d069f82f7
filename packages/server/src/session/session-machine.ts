import { type LeaveReason, type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'

/*
 *                 attach                drop                 graceElapsed
 *   (born) live -----------> live   ---------> lingering ------------------> gone
 *            |   generation+1  ^                   |                           ^
 *            |                 +------ attach -----+                           |
 *            +------------------ end(reason), yield ---------------------------+
 *
 * The life of a session over the connections that hold it. A connection knows the generation that it was attached
 * as; what one of an older generation reports is of no consequence. (S-5)
 */

export type SessionState =
  /** A connection holds it. */
  | { readonly name: 'live'; readonly generation: number }
  /** Its connection was lost; its presences stay until the grace is over. (S-6) */
  | { readonly name: 'lingering'; readonly generation: number; readonly reason: LeaveReason }
  | { readonly name: 'gone' }

export type SessionEvent =
  /** A new connection brought the session's token. */
  | { readonly kind: 'attach' }
  /** The connection of `generation` ended without a goodbye. `graceMs` 0: nobody can come back. */
  | {
      readonly kind: 'drop'
      readonly generation: number
      readonly reason: LeaveReason
      readonly graceMs: number
    }
  | { readonly kind: 'graceElapsed' }
  /** Said goodbye, was put out, or the server closes. */
  | { readonly kind: 'end'; readonly reason: LeaveReason }
  /** Another node goes on with it. */
  | { readonly kind: 'yield' }

export type SessionEffect =
  | { readonly kind: 'startGrace'; readonly graceMs: number }
  | { readonly kind: 'cancelGrace' }
  /** Close the connection that held it until now. */
  | { readonly kind: 'supersede' }
  /** Stop telling its channels; they keep their presences. */
  | { readonly kind: 'sleep' }
  /** End its channels and forget it. */
  | { readonly kind: 'leave'; readonly reason: LeaveReason }
  /** Give up its channels and forget it, without a word to anybody; their presences stay. */
  | { readonly kind: 'giveUp' }

export type SessionStep = Step<SessionState, SessionEffect>

const table: TransitionTable<SessionState, SessionEvent, SessionEffect, undefined> = {
  live: {
    attach: ({ generation }) => ({
      state: { name: 'live', generation: generation + 1 },
      // The older connection may be half open: nobody heard of its end, and it must not take the session with it.
      effects: [{ kind: 'sleep' }, { kind: 'supersede' }],
    }),
    drop: (state, { generation, reason, graceMs }) => {
      if (generation !== state.generation) return stay(state)
      if (graceMs <= 0) return leave(reason)
      return {
        state: { name: 'lingering', generation, reason },
        effects: [{ kind: 'sleep' }, { kind: 'startGrace', graceMs }],
      }
    },
    graceElapsed: stay,
    end: (_state, { reason }) => leave(reason),
    yield: () => ({ state: { name: 'gone' }, effects: [{ kind: 'supersede' }, { kind: 'giveUp' }] }),
  },
  lingering: {
    attach: ({ generation }) => ({
      state: { name: 'live', generation: generation + 1 },
      effects: [{ kind: 'cancelGrace' }],
    }),
    drop: stay,
    graceElapsed: ({ reason }) => leave(reason),
    end: (_state, { reason }) => ({
      state: { name: 'gone' },
      effects: [{ kind: 'cancelGrace' }, { kind: 'leave', reason }],
    }),
    yield: () => ({ state: { name: 'gone' }, effects: [{ kind: 'cancelGrace' }, { kind: 'giveUp' }] }),
  },
  gone: { attach: stay, drop: stay, graceElapsed: stay, end: stay, yield: stay },
}

/** What the session is after the event, and what has to be done about it. */
export function stepSession(state: SessionState, event: SessionEvent): SessionStep {
  return stepBy(table, state, event, undefined)
}

export const NEW_SESSION: SessionState = { name: 'live', generation: 0 }

function leave(reason: LeaveReason): SessionStep {
  return { state: { name: 'gone' }, effects: [{ kind: 'leave', reason }] }
}
