import type { LeaveReason } from '@rollcall/shared-protocol'

/*
 *                 attach                drop                 graceElapsed
 *   (born) live -----------> live   ---------> lingering ------------------> gone
 *            |   generation+1  ^                   |                           ^
 *            |                 +------ attach -----+                           |
 *            +---------------------- end(reason) ------------------------------+
 *
 * The life of a session over the connections that hold it. A connection knows the generation that it was attached
 * as; what one of an older generation reports is of no consequence. (S-5)
 */

export type SessionState =
  /** A connection holds it. */
  | { readonly phase: 'live'; readonly generation: number }
  /** Its connection was lost; its presences stay until the grace is over. (S-6) */
  | { readonly phase: 'lingering'; readonly generation: number; readonly reason: LeaveReason }
  | { readonly phase: 'gone' }

export type SessionEvent =
  /** A new connection brought the session's token. */
  | { readonly type: 'attach' }
  /** The connection of `generation` ended without a goodbye. `graceMs` 0: nobody can come back. */
  | {
      readonly type: 'drop'
      readonly generation: number
      readonly reason: LeaveReason
      readonly graceMs: number
    }
  | { readonly type: 'graceElapsed' }
  /** Said goodbye, was put out, or the server closes. */
  | { readonly type: 'end'; readonly reason: LeaveReason }

export type SessionEffect =
  | { readonly type: 'startGrace'; readonly graceMs: number }
  | { readonly type: 'cancelGrace' }
  /** Close the connection that held it until now. */
  | { readonly type: 'supersede' }
  /** Stop telling its channels; they keep their presences. */
  | { readonly type: 'sleep' }
  /** End its channels and forget it. */
  | { readonly type: 'leave'; readonly reason: LeaveReason }

export interface SessionStep {
  readonly state: SessionState
  readonly effects: readonly SessionEffect[]
}

type Phase = SessionState['phase']
type In<P extends Phase> = Extract<SessionState, { phase: P }>
type Of<T extends SessionEvent['type']> = Extract<SessionEvent, { type: T }>

/** Every phase with every event: a missing cell does not compile. */
const table: {
  readonly [P in Phase]: { readonly [T in SessionEvent['type']]: (state: In<P>, event: Of<T>) => SessionStep }
} = {
  live: {
    attach: ({ generation }) => ({
      state: { phase: 'live', generation: generation + 1 },
      // The older connection may be half open: nobody heard of its end, and it must not take the session with it.
      effects: [{ type: 'sleep' }, { type: 'supersede' }],
    }),
    drop: (state, { generation, reason, graceMs }) => {
      if (generation !== state.generation) return stay(state)
      if (graceMs <= 0) return leave(reason)
      return {
        state: { phase: 'lingering', generation, reason },
        effects: [{ type: 'sleep' }, { type: 'startGrace', graceMs }],
      }
    },
    graceElapsed: stay,
    end: (_state, { reason }) => leave(reason),
  },
  lingering: {
    attach: ({ generation }) => ({
      state: { phase: 'live', generation: generation + 1 },
      effects: [{ type: 'cancelGrace' }],
    }),
    drop: stay,
    graceElapsed: ({ reason }) => leave(reason),
    end: (_state, { reason }) => ({
      state: { phase: 'gone' },
      effects: [{ type: 'cancelGrace' }, { type: 'leave', reason }],
    }),
  },
  gone: { attach: stay, drop: stay, graceElapsed: stay, end: stay },
}

/** What the session is after the event, and what has to be done about it. */
export function stepSession(state: SessionState, event: SessionEvent): SessionStep {
  const cell = table[state.phase][event.type] as (state: SessionState, event: SessionEvent) => SessionStep
  return cell(state, event)
}

export const NEW_SESSION: SessionState = { phase: 'live', generation: 0 }

function stay(state: SessionState): SessionStep {
  return { state, effects: [] }
}

function leave(reason: LeaveReason): SessionStep {
  return { state: { phase: 'gone' }, effects: [{ type: 'leave', reason }] }
}
