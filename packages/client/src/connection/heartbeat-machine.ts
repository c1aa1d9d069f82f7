import { type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'

/*
 *            started                due, silent for intervalMs: beat
 *   off ----------------> listening --------------------------------> probing
 *    ^                      |   ^                                      |   |
 *    |       stopped        |   |               received               |   |
 *    +----------------------+   +--------------------------------------+   |
 *    +---------------------------------------------------------------------+
 *                       due, silent for timeoutMs: timedOut
 *
 * A connection times out `intervalMs + timeoutMs` after its last frame. (C-4) With `isSteady`, a received frame does
 * not delay the next beat. (C-27)
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
  /** Any frame of the server. The reply to a heartbeat proves no more than another frame. */
  | { readonly kind: 'received' }
  /** Something happened that often breaks connections: beat now. */
  | { readonly kind: 'probe' }
  | { readonly kind: 'due' }

export type HeartbeatEffect =
  /** Sets the timer; null clears it. */
  | { readonly kind: 'setTimer'; readonly delayMs: number | null }
  | { readonly kind: 'beat' }
  | { readonly kind: 'timedOut' }

interface HeartbeatContext {
  /** Epoch milliseconds. Jumps when the system's clock is set. */
  readonly now: number
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Beats even while the server sends: it drops a client that sends nothing for a while. */
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
    // Sets no timer per frame: the running timer checks the time when it is due.
    received: (state, _event, { now, isSteady }) =>
      stay(isSteady ? state : { name: 'listening', receivedAt: now }),
    probe: (_state, _event, context) => probe(context),
    due: (state, _event, context) => {
      const silentMs = context.now - state.receivedAt
      // After the clock was set back, the length of the silence is unknown. One beat too many costs one frame.
      if (silentMs < 0 || silentMs >= context.intervalMs) return probe(context)
      // Rounded up: a clock of whole milliseconds would not move in a fraction of one, and the timer would loop.
      return { state, effects: [{ kind: 'setTimer', delayMs: Math.ceil(context.intervalMs - silentMs) }] }
    },
  },
  probing: {
    started: (_state, _event, context) => listen(context),
    stopped: stop,
    received: (_state, _event, context) => listen(context),
    probe: stay,
    due: (state, _event, context) => {
      // A timer this late means that the machine slept. The reply may have arrived unread, so beat again.
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
