import { type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'
import { type Backoff, backoffDelay } from '../async/backoff'
import { leftError, type RollcallError, timeoutError } from '../errors'

/*
 *            join                 connected, due           accepted
 *   idle ------------> waiting <------------------> joining ---------> joined
 *                        ^  ^     lost, timed out,     |                 |
 *                        |  |     not for now          | refused         |
 *                        |  +---------------------- refused              |
 *                        |         join                                  |
 *                        +-----------------------------------------------+
 *                                   lost, failed
 *
 *   leave from everywhere: leaving until the server has answered, where it has to be told; then left.
 *   The server ends the channel: left. `join` begins again from left and refused.
 *
 * Every join has a `joinRef` of its own. What the server says to another join than the current one comes too late
 * and changes nothing. (C-6)
 */

export type ChannelState =
  | { readonly name: 'idle' }
  /** For a connection, or for the time of the next try. `isRejoin`: it was joined before. */
  | {
      readonly name: 'waiting'
      readonly isRejoin: boolean
      /** Tries that failed since it was last joined for a while. */
      readonly failures: number
      readonly error: RollcallError | null
    }
  | {
      readonly name: 'joining'
      readonly joinRef: string
      readonly isRejoin: boolean
      readonly failures: number
    }
  | {
      readonly name: 'joined'
      readonly joinRef: string
      /** Tries that failed before, until this one has lasted. */
      readonly failures: number
    }
  | {
      readonly name: 'leaving'
      readonly joinRef: string /** Asked for meanwhile. */
      readonly isToRejoin: boolean
    }
  | {
      readonly name: 'left' /** Why the server ended it; null where we left. */
      readonly error: RollcallError | null
    }
  | { readonly name: 'refused'; readonly error: RollcallError }

export type ChannelEvent =
  | { readonly kind: 'join' }
  | { readonly kind: 'leave' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'accepted'; readonly joinRef: string; readonly response: unknown }
  | {
      readonly kind: 'rejected'
      readonly joinRef: string
      readonly error: RollcallError
      readonly isRetryable: boolean
      readonly retryAfterMs: number
    }
  /** The server answered our leave. */
  | { readonly kind: 'leaveConfirmed'; readonly joinRef: string }
  /** The server ended the channel. */
  | { readonly kind: 'ended'; readonly joinRef: string; readonly error: RollcallError }
  /** The channel failed on the server, which may be tried again. */
  | { readonly kind: 'failed'; readonly joinRef: string; readonly error: RollcallError }
  | { readonly kind: 'due' }

export type ChannelEffect =
  /** Set the one timer, or clear it. */
  | { readonly kind: 'setTimer'; readonly delayMs: number | null }
  | { readonly kind: 'sendJoin'; readonly joinRef: string }
  | { readonly kind: 'sendLeave'; readonly joinRef: string }
  /** Done with, though the server may have let us in: after a lost connection, or a join without an answer. */
  | { readonly kind: 'leaveLater' }
  /** Joined: answer those who wait for it, send what was queued. */
  | { readonly kind: 'joined'; readonly response: unknown }
  /** A join failed and is tried again: do not keep those waiting who asked for it. */
  | { readonly kind: 'joinFailed'; readonly error: RollcallError }
  /** No longer joined, to be joined again: what was sent is not answered any more, what is queued may stay. */
  | { readonly kind: 'disconnected' }
  /** Over: all that waits fails with this. */
  | { readonly kind: 'failed'; readonly error: RollcallError }
  /** Nothing is owed to the server any more: answer those who wait for the leave. */
  | { readonly kind: 'left' }

export interface ChannelContext {
  readonly topic: string
  readonly isConnected: boolean
  /** For the join that this step may begin. */
  readonly freshRef: string
  /** From 0, below 1. */
  readonly random: number
  /** For the answer to a join or a leave, in milliseconds. */
  readonly timeoutMs: number
  /** Whether a refusal says by its code that asking again may help; see `ClientDialect`. */
  readonly hasRetryableCodes: boolean
  readonly backoff: Backoff
}

type ChannelStep = Step<ChannelState, ChannelEffect>
type In<N extends ChannelState['name']> = Extract<ChannelState, { readonly name: N }>
/**
 * A channel that fails sooner than this after its join was not good: the count of tries goes on. Else one that crashes
 * after each join would be joined again and again without a pause. In milliseconds.
 */
export const STEADY_AFTER_MS = 5_000

const CLEAR_TIMER: ChannelEffect = { kind: 'setTimer', delayMs: null }

export const INITIAL_CHANNEL: ChannelState = { name: 'idle' }

function requestJoin(isRejoin: boolean, failures: number, context: ChannelContext): ChannelStep {
  if (!context.isConnected) {
    return { state: { name: 'waiting', isRejoin, failures, error: null }, effects: [CLEAR_TIMER] }
  }
  const joinRef = context.freshRef
  return {
    state: { name: 'joining', joinRef, isRejoin, failures },
    effects: [
      { kind: 'setTimer', delayMs: context.timeoutMs },
      { kind: 'sendJoin', joinRef },
    ],
  }
}

const startJoin = (_state: ChannelState, _event: ChannelEvent, context: ChannelContext): ChannelStep =>
  requestJoin(false, 0, context)

const retryJoin = (state: In<'waiting'>, _event: ChannelEvent, context: ChannelContext): ChannelStep =>
  context.isConnected ? requestJoin(state.isRejoin, state.failures, context) : stay(state)

/** Waits for another try after one that failed. */
function tryLater(
  { isRejoin, failures }: { readonly isRejoin: boolean; readonly failures: number },
  error: RollcallError,
  context: ChannelContext,
  effects: readonly ChannelEffect[],
  leastMs = 0,
): ChannelStep {
  const delayMs = Math.max(leastMs, backoffDelay(failures, context.backoff, context.random))
  return {
    state: { name: 'waiting', isRejoin, failures: failures + 1, error },
    effects: [...effects, { kind: 'setTimer', delayMs }],
  }
}

const failWaiting = ({ topic }: ChannelContext): ChannelEffect => ({
  kind: 'failed',
  error: leftError(topic),
})

/** Leaves where the server knows nothing of us. */
const leaveAtOnce = (_state: ChannelState, _event: ChannelEvent, context: ChannelContext): ChannelStep => ({
  state: { name: 'left', error: null },
  effects: [CLEAR_TIMER, failWaiting(context), { kind: 'left' }],
})

/** Leaves where the server may know of us, though no join of ours is under way. */
const leaveUnconfirmed = (
  _state: ChannelState,
  _event: ChannelEvent,
  context: ChannelContext,
): ChannelStep => ({
  state: { name: 'left', error: null },
  effects: [CLEAR_TIMER, { kind: 'leaveLater' }, failWaiting(context), { kind: 'left' }],
})

/** Tells the server; also while the join is unanswered, since it may be accepted yet. */
const sendLeave = (
  { joinRef }: In<'joining' | 'joined'>,
  _event: ChannelEvent,
  context: ChannelContext,
): ChannelStep => ({
  state: { name: 'leaving', joinRef, isToRejoin: false },
  effects: [
    failWaiting(context),
    { kind: 'sendLeave', joinRef },
    { kind: 'setTimer', delayMs: context.timeoutMs },
  ],
})

/** The leave is through, or has taken long enough: who leaves does not wait for the answer for ever. */
function finishLeave({ isToRejoin }: In<'leaving'>, context: ChannelContext): ChannelStep {
  if (!isToRejoin) return { state: { name: 'left', error: null }, effects: [CLEAR_TIMER, { kind: 'left' }] }
  const step = requestJoin(false, 0, context)
  return { state: step.state, effects: [{ kind: 'left' }, ...step.effects] }
}

const endedBy = (error: RollcallError): ChannelStep => ({
  state: { name: 'left', error },
  effects: [CLEAR_TIMER, { kind: 'failed', error }, { kind: 'left' }],
})

/** A cell for what the server says to one join: nothing unless it is the current one. */
function ifCurrent<S extends { readonly joinRef: string }, E extends { readonly joinRef: string }>(
  cell: (state: S, event: E, context: ChannelContext) => ChannelStep,
) {
  return (state: S & ChannelState, event: E, context: ChannelContext): ChannelStep =>
    state.joinRef === event.joinRef ? cell(state, event, context) : stay(state)
}

/**
 * Whether a refusal may be over soon: a server that let us in before may still be starting, after a deploy. Our own
 * mistake, such as a payload that cannot be sent, is no refusal. (C-43)
 */
function mayPass({ isRejoin }: In<'joining'>, { code }: RollcallError, context: ChannelContext): boolean {
  return isRejoin && code === 'refused' && !context.hasRetryableCodes
}

/** Nothing of the server's is expected. */
const ignoreServer = { accepted: stay, rejected: stay, leaveConfirmed: stay, ended: stay, failed: stay }

const table: TransitionTable<ChannelState, ChannelEvent, ChannelEffect, ChannelContext> = {
  idle: { ...ignoreServer, join: startJoin, leave: leaveAtOnce, connected: stay, lost: stay, due: stay },
  waiting: {
    ...ignoreServer,
    join: stay,
    leave: leaveUnconfirmed,
    connected: retryJoin,
    // The next connection tells when to try, not the timer.
    lost: (state) => ({ state, effects: [CLEAR_TIMER] }),
    due: retryJoin,
  },
  joining: {
    join: stay,
    leave: sendLeave,
    connected: stay,
    lost: ({ isRejoin, failures }) => ({
      state: { name: 'waiting', isRejoin, failures, error: null },
      effects: [CLEAR_TIMER],
    }),
    accepted: ifCurrent(({ joinRef, failures }, { response }) => ({
      state: { name: 'joined', joinRef, failures },
      effects: [
        { kind: 'setTimer', delayMs: failures > 0 ? STEADY_AFTER_MS : null },
        { kind: 'joined', response },
      ],
    })),
    rejected: ifCurrent((state, { error, isRetryable, retryAfterMs }, context) =>
      isRetryable || mayPass(state, error, context)
        ? tryLater(state, error, context, [], retryAfterMs)
        : { state: { name: 'refused', error }, effects: [CLEAR_TIMER, { kind: 'failed', error }] },
    ),
    leaveConfirmed: stay,
    ended: ifCurrent((_state, { error }) => endedBy(error)),
    failed: ifCurrent((state, { error }, context) =>
      tryLater(state, error, context, [{ kind: 'joinFailed', error }]),
    ),
    due: (state, _event, context) => {
      const error = timeoutError(`The join of "${context.topic}"`, context.timeoutMs, 'It is tried again.')
      // Not left in between: the server may have let us in, and others would see us go. The next join takes its
      // place on the server.
      return tryLater(state, error, context, [])
    },
  },
  joined: {
    join: stay,
    leave: sendLeave,
    connected: stay,
    lost: () => ({
      state: { name: 'waiting', isRejoin: true, failures: 0, error: null },
      effects: [CLEAR_TIMER, { kind: 'disconnected' }],
    }),
    accepted: stay,
    rejected: stay,
    leaveConfirmed: stay,
    ended: ifCurrent((_state, { error }) => endedBy(error)),
    failed: ifCurrent(({ failures }, { error }, context) =>
      tryLater({ isRejoin: true, failures }, error, context, [{ kind: 'disconnected' }]),
    ),
    due: (state) => stay({ ...state, failures: 0 }),
  },
  leaving: {
    join: (state) => stay({ ...state, isToRejoin: true }),
    leave: (state, _event, context) => ({
      state: { ...state, isToRejoin: false },
      effects: [failWaiting(context)],
    }),
    connected: stay,
    lost: (state, _event, context) => {
      const step = finishLeave(state, { ...context, isConnected: false })
      // Nobody knows whether the leave got there.
      return { state: step.state, effects: [{ kind: 'leaveLater' }, ...step.effects] }
    },
    accepted: stay,
    rejected: stay,
    leaveConfirmed: ifCurrent((state, _event, context) => finishLeave(state, context)),
    ended: ifCurrent((state, _event, context) => finishLeave(state, context)),
    failed: ifCurrent((state, _event, context) => finishLeave(state, context)),
    due: (state, _event, context) => {
      const step = finishLeave(state, context)
      // Who leaves does not wait for ever; that the server hears of it is seen to.
      return { state: step.state, effects: [{ kind: 'leaveLater' }, ...step.effects] }
    },
  },
  left: { ...ignoreServer, join: startJoin, leave: stay, connected: stay, lost: stay, due: stay },
  refused: { ...ignoreServer, join: startJoin, leave: leaveAtOnce, connected: stay, lost: stay, due: stay },
}

export function stepChannel(state: ChannelState, event: ChannelEvent, context: ChannelContext): ChannelStep {
  return stepBy(table, state, event, context)
}
