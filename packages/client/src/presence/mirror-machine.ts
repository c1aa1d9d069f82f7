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
 *            joined               state
 *   off --------------> awaiting -------> live --+ diff that follows: apply
 *    ^                   ^    |            ^ |  <+
 *    |            joined |    | lost       | | gap, other epoch, wrong digest
 *    | cleared           |    v            | v
 *    +----------------- away <----------- asking --+ due: ask again
 *                             lost         ^      |
 *                                          +------+
 *
 * Where the map of a topic stands in its history, and what is to be done with the next frame (C-7). The map itself is
 * beside it, in a PresenceMap: this machine only says "apply" and "replace", so that a step costs nothing, whatever
 * the map holds. In `awaiting`, `asking` and `away` the last map goes on being shown, and is stale.
 */

interface MirrorMemory {
  /** How often a gap, another epoch or a wrong digest made it ask for the whole state. */
  readonly resyncCount: number
  /** Where the map that is shown stands; null where there is none. */
  readonly at: Position | null
  /** Whether the map is what the server had at `at`: not so once a digest did not fit. */
  readonly isTrusted: boolean
}

export type MirrorState = MirrorMemory &
  (
    | { readonly name: 'off' }
    | { readonly name: 'waiting' }
    /** `futile`: snapshots in a row that we asked for, and that no diff has fitted since. */
    | { readonly name: 'live'; readonly at: Position; readonly failedResyncs: number }
    | { readonly name: 'resyncing'; readonly at: Position; readonly failedResyncs: number }
    | { readonly name: 'disconnected' }
  )

export type MirrorEvent =
  | { readonly kind: 'joined' }
  | { readonly kind: 'lost' }
  /** The channel is over: the map is of no more use. */
  | { readonly kind: 'cleared' }
  | { readonly kind: 'state'; readonly snapshot: PresenceSnapshot }
  | { readonly kind: 'diff'; readonly diff: PresenceDiff }
  /** Whether the map has the digest that the diff which was just applied says it should. */
  | { readonly kind: 'compared'; readonly isEqual: boolean }
  /** The server has stopped waiting for those who were there before it: those who are kept may be gone. */
  | { readonly kind: 'recovered' }
  /** The server did not take the question. */
  | { readonly kind: 'syncRefused'; readonly isRetryable: boolean; readonly retryAfterMs: number }
  | { readonly kind: 'due' }

export type MirrorEffect =
  /** Set the one timer, or clear it. */
  | { readonly kind: 'setTimer'; readonly delayMs: number | null }
  /** Send `presence_sync`. */
  | { readonly kind: 'requestState' }
  | { readonly kind: 'apply'; readonly diff: PresenceDiff }
  /** `isOtherHistory`: the server lost its past since the map that is shown. */
  | { readonly kind: 'replace'; readonly snapshot: PresenceSnapshot; readonly isOtherHistory: boolean }
  | { readonly kind: 'clear' }

export interface MirrorContext {
  /** From 0, below 1. */
  readonly random: number
  /** For a snapshot, before it is asked for again, in milliseconds. */
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

/** Within one join history only goes forward: an older snapshot is one that was overtaken. */
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

/** Asks for the whole state: at once, unless the last ones that came did not help. */
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
  // A server whose diffs never fit would otherwise have to send everything, for every one of them.
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
    // Whatever it says: another node, or a server that lost its past, may be behind what we saw before.
    state: (state, { snapshot }) => replace(state, snapshot, 0),
    diff: (state, { diff }) => {
      const { at, isTrusted, resyncCount } = state
      // What we missed since the map that we told the server of. Any other is in the snapshot that comes. (P-1)
      if (!isTrusted || at === null || diff.epoch !== at.epoch || diff.base !== at.seq) return stay(state)
      return {
        state: { name: 'live', at: positionOf(diff), isTrusted, resyncCount, failedResyncs: 0 },
        effects: [CLEAR_TIMER, { kind: 'apply', diff }],
      }
    },
    compared: stay,
    // The state that is awaited will tell.
    recovered: stay,
    // A channel that tracks nobody has no state to send: leave it in peace.
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
    // Unasked: the server dropped diffs that we were too slow for. The one that we have may come twice.
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
    // Not from the clock alone: a connection that has died unnoticed would have everybody gone who is back long ago.
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

/** Whether the map is from before a gap or a lost connection, and a snapshot is awaited. */
export function isStale({ name, at }: MirrorState): boolean {
  return name !== 'live' && at !== null
}
