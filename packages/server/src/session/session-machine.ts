import { type LeaveReason, type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'

/*
 *                 attach             disconnect               graceElapsed
 *   (new)  live -----------> live   -----------> disconnected --------------> gone
 *            |   generation+1  ^                    |                          ^
 *            |                 +------ attach ------+                          |
 *            +----------------- end(reason), handOff --------------------------+
 *
 * The life of a session over the connections that hold it. A connection knows the generation that it was attached with;
 * the session ignores what a connection of an older generation reports. (S-5)
 */

export type SessionState =
  /** A connection holds the session. */
  | { readonly name: 'live'; readonly generation: number }
  /** The connection was lost. The presences stay until the grace has elapsed. (S-6) */
  | { readonly name: 'disconnected'; readonly generation: number; readonly reason: LeaveReason }
  | { readonly name: 'gone' }

export type SessionEvent =
  /** A new connection has resumed the session. */
  | { readonly kind: 'attach' }
  /** The connection of `generation` ended without a goodbye. With `graceMs` 0 the session cannot be resumed. */
  | {
      readonly kind: 'disconnect'
      readonly generation: number
      readonly reason: LeaveReason
      readonly graceMs: number
    }
  | { readonly kind: 'graceElapsed' }
  /** The client said goodbye or was kicked, or the server closes. */
  | { readonly kind: 'end'; readonly reason: LeaveReason }
  /** Another node has claimed the session. */
  | { readonly kind: 'handOff' }

export type SessionEffect =
  | { readonly kind: 'startGrace'; readonly graceMs: number }
  | { readonly kind: 'cancelGrace' }
  /** Close the connection that held the session until now. */
  | { readonly kind: 'supersede' }
  /** Stop sending to the channels. They keep their presences. */
  | { readonly kind: 'pauseChannels' }
  /** End the channels and forget the session. */
  | { readonly kind: 'endChannels'; readonly reason: LeaveReason }
  /** Forget the channels and the session. The presences stay for the node that has claimed the session. */
  | { readonly kind: 'handOffChannels' }

export type SessionStep = Step<SessionState, SessionEffect>

const table: TransitionTable<SessionState, SessionEvent, SessionEffect, undefined> = {
  live: {
    attach: ({ generation }) => ({
      state: { name: 'live', generation: generation + 1 },
      // The older connection may be half open. When its end is noticed at last, the session must not end with it.
      effects: [{ kind: 'pauseChannels' }, { kind: 'supersede' }],
    }),
    disconnect: (state, { generation, reason, graceMs }) => {
      if (generation !== state.generation) return stay(state)
      if (graceMs <= 0) return end(reason)
      return {
        state: { name: 'disconnected', generation, reason },
        effects: [{ kind: 'pauseChannels' }, { kind: 'startGrace', graceMs }],
      }
    },
    graceElapsed: stay,
    end: (_state, { reason }) => end(reason),
    handOff: () => ({
      state: { name: 'gone' },
      effects: [{ kind: 'supersede' }, { kind: 'handOffChannels' }],
    }),
  },
  disconnected: {
    attach: ({ generation }) => ({
      state: { name: 'live', generation: generation + 1 },
      effects: [{ kind: 'cancelGrace' }],
    }),
    disconnect: stay,
    graceElapsed: ({ reason }) => end(reason),
    end: (_state, { reason }) => ({
      state: { name: 'gone' },
      effects: [{ kind: 'cancelGrace' }, { kind: 'endChannels', reason }],
    }),
    handOff: () => ({
      state: { name: 'gone' },
      effects: [{ kind: 'cancelGrace' }, { kind: 'handOffChannels' }],
    }),
  },
  gone: { attach: stay, disconnect: stay, graceElapsed: stay, end: stay, handOff: stay },
}

export function stepSession(state: SessionState, event: SessionEvent): SessionStep {
  return stepBy(table, state, event, undefined)
}

export const NEW_SESSION: SessionState = { name: 'live', generation: 0 }

function end(reason: LeaveReason): SessionStep {
  return { state: { name: 'gone' }, effects: [{ kind: 'endChannels', reason }] }
}
