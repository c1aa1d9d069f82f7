import {
  continuityOf,
  type Position,
  type PresenceDiff,
  type PresenceSnapshot,
  type Step,
  stay,
  stepBy,
  type TransitionTable,
} from '@rollcall/shared-protocol'
import { type Backoff, backoffDelay } from '../async/backoff'

/*
 *            joined                  state
 *   off --------------> waiting ------------> live --+ next diff: apply
 *    ^                   ^    |                ^ |  <+
 *    |            joined |    | lost           | | gap, other epoch, wrong digest
 *    | cleared           |    v                | v
 *    +--------------- disconnected <--------- resyncing --+ due: request again
 *                                    lost         ^       |
 *                                                 +-------+
 *
 * Tracks the position of a topic's map in the topic's history, and decides what to do with the next frame. (C-7) The map
 * itself is in a PresenceMap: this machine only says "apply" and "replace", so a step takes the same time for any size of
 * the map. In `waiting`, `resyncing` and `disconnected` the map stays as it was, and is stale.
 */

interface MirrorMemory {
  /** Number of requests for the whole state after a gap, another epoch or a wrong digest. */
  readonly resyncCount: number
  /** The position of the map; null if there is none. */
  readonly at: Position | null
  /** Whether the map equals the server's at `at`. False after a wrong digest. */
  readonly isTrusted: boolean
}

export type MirrorState = MirrorMemory &
  (
    | { readonly name: 'off' }
    | { readonly name: 'waiting' }
    /** `failedResyncs`: requested snapshots in a row after which no diff had the right digest. */
    | { readonly name: 'live'; readonly at: Position; readonly failedResyncs: number }
    | { readonly name: 'resyncing'; readonly at: Position; readonly failedResyncs: number }
    | { readonly name: 'disconnected' }
  )

export type MirrorEvent =
  | { readonly kind: 'joined' }
  | { readonly kind: 'lost' }
  /** The channel has left: clear the map. */
  | { readonly kind: 'cleared' }
  | { readonly kind: 'state'; readonly snapshot: PresenceSnapshot }
  | { readonly kind: 'diff'; readonly diff: PresenceDiff }
  /** Whether the map has the digest of the diff that was just applied. */
  | { readonly kind: 'compared'; readonly isEqual: boolean }
  /** The recovery of a restarted server is over: the unconfirmed presences may be gone. (C-23) */
  | { readonly kind: 'recovered' }
  /** The server refused the request for the state. */
  | { readonly kind: 'syncRefused'; readonly isRetryable: boolean; readonly retryAfterMs: number }
  | { readonly kind: 'due' }

export type MirrorEffect =
  /** Sets the timer; null clears it. */
  | { readonly kind: 'setTimer'; readonly delayMs: number | null }
  /** Sends `presence_sync`. */
  | { readonly kind: 'requestState' }
  | { readonly kind: 'apply'; readonly diff: PresenceDiff }
  /** `isOtherHistory`: the server has started a new history since the map was made. */
  | { readonly kind: 'replace'; readonly snapshot: PresenceSnapshot; readonly isOtherHistory: boolean }
  | { readonly kind: 'clear' }

export interface MirrorContext {
  /** From 0, below 1. */
  readonly random: number
  /** Longest wait for a snapshot before it is requested again, in milliseconds. */
  readonly timeoutMs: number
  readonly backoff: Backoff
}

type MirrorStep = Step<MirrorState, MirrorEffect>
type In<N extends MirrorState['name']> = Extract<MirrorState, { readonly name: N }>
const CLEAR_TIMER: MirrorEffect = { kind: 'setTimer', delayMs: null }

export const INITIAL_MIRROR: MirrorState = { name: 'off', at: null, isTrusted: true, resyncCount: 0 }

const positionOf = ({ epoch, seq }: Position): Position => ({ epoch, seq })

function replace(state: MirrorState, snapshot: PresenceSnapshot, failedResyncs: number): MirrorStep {
  const isOtherHistory = state.at !== null && state.at.epoch !== snapshot.epoch
  return {
    state: {
      name: 'live',
      at: positionOf(snapshot),
      isTrusted: true,
      resyncCount: state.resyncCount,
      failedResyncs,
    },
    effects: [CLEAR_TIMER, { kind: 'replace', snapshot, isOtherHistory }],
  }
}

/** Within one join, history only goes forward: an older snapshot was overtaken by a newer frame. */
function isOlder(snapshot: PresenceSnapshot, at: Position): boolean {
  return snapshot.epoch === at.epoch && snapshot.seq < at.seq
}

const requestState = (
  state: In<'waiting' | 'resyncing'>,
  _event: MirrorEvent,
  { timeoutMs }: MirrorContext,
): MirrorStep => ({
  state,
  effects: [{ kind: 'requestState' }, { kind: 'setTimer', delayMs: timeoutMs }],
})

/** Requests the whole state: at once, or after a pause if the last requested states did not help. */
function resync(
  { at, isTrusted, failedResyncs, resyncCount }: In<'live'>,
  event: MirrorEvent,
  context: MirrorContext,
): MirrorStep {
  const state: In<'resyncing'> = {
    name: 'resyncing',
    at,
    isTrusted,
    failedResyncs,
    resyncCount: resyncCount + 1,
  }
  if (failedResyncs === 0) return requestState(state, event, context)
  // Otherwise a server whose diffs never fit would have to send the whole state after each of them.
  const delayMs = backoffDelay(failedResyncs - 1, context.backoff, context.random)
  return { state, effects: [{ kind: 'setTimer', delayMs }] }
}

const disconnect = ({ at, isTrusted, resyncCount }: MirrorState): MirrorStep => ({
  state: { name: 'disconnected', at, isTrusted, resyncCount },
  effects: [CLEAR_TIMER],
})

const clear = ({ resyncCount }: MirrorState): MirrorStep => ({
  state: { ...INITIAL_MIRROR, resyncCount },
  effects: [CLEAR_TIMER, { kind: 'clear' }],
})

const waitForState = (
  { at, isTrusted, resyncCount }: MirrorState,
  _event: MirrorEvent,
  context: MirrorContext,
): MirrorStep => ({
  state: { name: 'waiting', at, isTrusted, resyncCount },
  effects: [{ kind: 'setTimer', delayMs: context.timeoutMs }],
})

const table: TransitionTable<MirrorState, MirrorEvent, MirrorEffect, MirrorContext> = {
  off: {
    joined: waitForState,
    lost: stay,
    cleared: stay,
    state: stay,
    diff: stay,
    compared: stay,
    recovered: stay,
    syncRefused: stay,
    due: stay,
  },
  waiting: {
    joined: waitForState,
    lost: disconnect,
    cleared: clear,
    // Also an older state: another node, or a restarted server, may be behind the last map.
    state: (state, { snapshot }) => replace(state, snapshot, 0),
    diff: (state, { diff }) => {
      const { at, isTrusted, resyncCount } = state
      // The changes since the position in the join. Any other diff is in the snapshot that follows. (P-1)
      if (!isTrusted || at === null || diff.epoch !== at.epoch || diff.base !== at.seq) return stay(state)
      return {
        state: { name: 'live', at: positionOf(diff), isTrusted, resyncCount, failedResyncs: 0 },
        effects: [CLEAR_TIMER, { kind: 'apply', diff }],
      }
    },
    compared: stay,
    // The state that is on its way shows who is gone.
    recovered: stay,
    // A channel without presences has no state to send: do not ask again.
    syncRefused: (state, { isRetryable, retryAfterMs }, { timeoutMs }) => ({
      state,
      effects: [{ kind: 'setTimer', delayMs: isRetryable ? Math.max(retryAfterMs, timeoutMs) : null }],
    }),
    due: requestState,
  },
  live: {
    joined: waitForState,
    lost: disconnect,
    cleared: clear,
    // Sent without a request: the server dropped diffs because this client was too slow. A state may come twice.
    state: (state, { snapshot }) =>
      snapshot.epoch === state.at.epoch && snapshot.seq <= state.at.seq
        ? stay(state)
        : replace(state, snapshot, 0),
    diff: (state, event, context) => {
      const { diff } = event
      switch (continuityOf(state.at, diff)) {
        case 'apply':
          return { state: { ...state, at: positionOf(diff) }, effects: [{ kind: 'apply', diff }] }
        case 'ignore':
          return stay(state)
        case 'resync':
          return resync(state, event, context)
      }
    },
    compared: (state, event, context) => {
      if (!event.isEqual) return resync({ ...state, isTrusted: false }, event, context)
      return stay({ ...state, failedResyncs: 0 })
    },
    // Asks the server instead of removing them by the clock: on a dead connection, all would leave who have returned.
    recovered: ({ at, isTrusted, failedResyncs, resyncCount }, event, context) =>
      requestState({ name: 'resyncing', at, isTrusted, failedResyncs, resyncCount }, event, context),
    syncRefused: stay,
    due: stay,
  },
  resyncing: {
    joined: waitForState,
    lost: disconnect,
    cleared: clear,
    state: (state, { snapshot }) =>
      isOlder(snapshot, state.at) ? stay(state) : replace(state, snapshot, state.failedResyncs + 1),
    diff: stay,
    compared: stay,
    recovered: stay,
    syncRefused: (state, { retryAfterMs }, { timeoutMs }) => ({
      state,
      effects: [{ kind: 'setTimer', delayMs: retryAfterMs > 0 ? retryAfterMs : timeoutMs }],
    }),
    due: requestState,
  },
  disconnected: {
    joined: waitForState,
    lost: stay,
    cleared: clear,
    state: stay,
    diff: stay,
    compared: stay,
    recovered: stay,
    syncRefused: stay,
    due: stay,
  },
}

export function stepMirror(state: MirrorState, event: MirrorEvent, context: MirrorContext): MirrorStep {
  return stepBy(table, state, event, context)
}

/** Whether the map is from before a gap or a lost connection, and a snapshot has not arrived yet. */
export function isStale({ name, at }: MirrorState): boolean {
  return name !== 'live' && at !== null
}
