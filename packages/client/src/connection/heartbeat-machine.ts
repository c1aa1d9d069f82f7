import { type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'

/*
 *            started                due, silent for intervalMs: beat
 *   off ----------------> listening --------------------------------> probing
 *    ^                      |   ^                                      |   |
 *    |       stopped        |   |                heard                 |   |
 *    +----------------------+   +--------------------------------------+   |
 *    +---------------------------------------------------------------------+
 *                          due, silent for timeoutMs: dead
 *
 * A connection is found dead `intervalMs + timeoutMs` after the last that was heard on it. (C-4) Where it beats steadily,
 * `heard` does not put the beat off. (C-27)
 */

export type HeartbeatState =
  | { readonly name: 'off' }
  | { readonly name: 'listening' /** Epoch milliseconds. */; readonly receivedAt: number }
  | {
      readonly name: 'probing' /** Epoch milliseconds at which the timer is due. */
      readonly deadline: number
    }

export type HeartbeatEvent =
  | { readonly kind: 'started' }
  | { readonly kind: 'stopped' }
  /** Any frame from the server: an answer to a heartbeat is no better a proof of life than another frame. */
  | { readonly kind: 'received' }
  /** Something happened that often kills connections: ask now. */
  | { readonly kind: 'probe' }
  | { readonly kind: 'due' }

export type HeartbeatEffect =
  /** Set the one timer, or clear it. */
  | { readonly kind: 'setTimer'; readonly delayMs: number | null }
  | { readonly kind: 'beat' }
  | { readonly kind: 'timedOut' }

export interface HeartbeatContext {
  /** Epoch milliseconds. May jump, as clocks do. */
  readonly now: number
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Beats however much is heard: the other side drops who has said nothing for a while. */
  readonly isSteady: boolean
}

type HeartbeatStep = Step<HeartbeatState, HeartbeatEffect>

export const INITIAL_HEARTBEAT: HeartbeatState = { name: 'off' }

function listen({ now, intervalMs }: HeartbeatContext): HeartbeatStep {
  return {
    state: { name: 'listening', receivedAt: now },
    effects: [{ kind: 'setTimer', delayMs: intervalMs }],
  }
}

function probe({ now, timeoutMs }: HeartbeatContext): HeartbeatStep {
  return {
    state: { name: 'probing', deadline: now + timeoutMs },
    effects: [{ kind: 'beat' }, { kind: 'setTimer', delayMs: timeoutMs }],
  }
}

const stop = (): HeartbeatStep => ({
  state: INITIAL_HEARTBEAT,
  effects: [{ kind: 'setTimer', delayMs: null }],
})

const table: TransitionTable<HeartbeatState, HeartbeatEvent, HeartbeatEffect, HeartbeatContext> = {
  off: {
    started: (_state, _event, context) => listen(context),
    stopped: stay,
    received: stay,
    probe: stay,
    due: stay,
  },
  listening: {
    started: (_state, _event, context) => listen(context),
    stopped: stop,
    // No timer is set for each frame: the one that runs finds out when it is due.
    received: (state, _event, { now, isSteady }) =>
      stay(isSteady ? state : { name: 'listening', receivedAt: now }),
    probe: (_state, _event, context) => probe(context),
    due: (state, _event, context) => {
      const silentMs = context.now - state.receivedAt
      // A clock that was set back says nothing about silence; asking once too often costs one frame.
      if (silentMs < 0 || silentMs >= context.intervalMs) return probe(context)
      // Whole milliseconds: the rest of a fraction could be too small to move a clock on, and be due for ever.
      return { state, effects: [{ kind: 'setTimer', delayMs: Math.ceil(context.intervalMs - silentMs) }] }
    },
  },
  probing: {
    started: (_state, _event, context) => listen(context),
    stopped: stop,
    received: (_state, _event, context) => listen(context),
    probe: stay,
    due: (state, _event, context) => {
      // A timer this late means that the machine slept: the answer may be there and not yet read. Ask again.
      if (context.now - state.deadline > context.timeoutMs) return probe(context)
      return { state: INITIAL_HEARTBEAT, effects: [{ kind: 'timedOut' }] }
    },
  },
}

export function stepHeartbeat(
  state: HeartbeatState,
  event: HeartbeatEvent,
  context: HeartbeatContext,
): HeartbeatStep {
  return stepBy(table, state, event, context)
}
