import { type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'
import { backoffDelay } from '../async/backoff'
import { leftError, type RollcallError, timeoutError } from '../errors'
import type { ChannelContext, ChannelEffect, ChannelEvent, ChannelState } from './channel-state'

/*
 *            join                 connected, due           accepted
 *   idle ------------> waiting <------------------> joining ---------> joined
 *                        ^  ^     lost, timed out,     |                 |
 *                        |  |     refused for now      | refused         |
 *                        |  +---------------------- refused              |
 *                        |         join                                  |
 *                        +-----------------------------------------------+
 *                                   lost, failed
 *
 *   leave, from every state: `leaving` until the server replies, if it knows of the channel; then `left`.
 *   The server ends the channel: `left`. From `left` and `refused`, `join` starts again.
 *
 * Every join has its own `joinRef`. Frames for another join than the current one are too late, and change nothing. (C-6)
 */

type ChannelStep = Step<ChannelState, ChannelEffect>
type In<N extends ChannelState['name']> = Extract<ChannelState, { readonly name: N }>

/**
 * In milliseconds. A channel that fails sooner than this after its join counts as a failed attempt. Otherwise a channel
 * that crashes after each join would be joined again and again without a pause. (C-28)
 */
export const STEADY_AFTER_MS = 5_000

const CLEAR_TIMER: ChannelEffect = { kind: 'setTimer', delayMs: null }

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

/** Schedules the next attempt after one that failed. */
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

/** Leaves a topic that the server does not have this client in. */
const leaveAtOnce = (_state: ChannelState, _event: ChannelEvent, context: ChannelContext): ChannelStep => ({
  state: { name: 'left', error: null },
  effects: [CLEAR_TIMER, failWaiting(context), { kind: 'left' }],
})

/** Leaves a topic that the server may have this client in, although no join is under way. */
const leaveUnconfirmed = (
  _state: ChannelState,
  _event: ChannelEvent,
  context: ChannelContext,
): ChannelStep => ({
  state: { name: 'left', error: null },
  effects: [CLEAR_TIMER, { kind: 'leaveLater' }, failWaiting(context), { kind: 'left' }],
})

/** Sends the leave. Also before the reply to the join, which may still be accepted. */
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

/** The server replied to the leave, or did not reply in time. */
function finishLeave({ isToRejoin }: In<'leaving'>, context: ChannelContext): ChannelStep {
  if (!isToRejoin) return { state: { name: 'left', error: null }, effects: [CLEAR_TIMER, { kind: 'left' }] }
  const step = requestJoin(false, 0, context)
  return { state: step.state, effects: [{ kind: 'left' }, ...step.effects] }
}

const endedBy = (error: RollcallError): ChannelStep => ({
  state: { name: 'left', error },
  effects: [CLEAR_TIMER, { kind: 'failed', error }, { kind: 'left' }],
})

/** Makes a cell that ignores frames for another join than the current one. */
function ifCurrent<S extends { readonly joinRef: string }, E extends { readonly joinRef: string }>(
  cell: (state: S, event: E, context: ChannelContext) => ChannelStep,
) {
  return (state: S & ChannelState, event: E, context: ChannelContext): ChannelStep =>
    state.joinRef === event.joinRef ? cell(state, event, context) : stay(state)
}

/**
 * Whether a refusal may be temporary: after a deploy, a server that accepted the join before may still be starting. A
 * mistake of the application, such as a payload that cannot be sent, is not a refusal. (C-43)
 */
function mayBeTemporary(
  { isRejoin }: In<'joining'>,
  { code }: RollcallError,
  context: ChannelContext,
): boolean {
  return isRejoin && code === 'refused' && !context.hasRetryableCodes
}

/** The cells of a state in which no frame of the server counts. */
const ignoreServer = { accepted: stay, rejected: stay, leaveConfirmed: stay, ended: stay, failed: stay }

const table: TransitionTable<ChannelState, ChannelEvent, ChannelEffect, ChannelContext> = {
  idle: { ...ignoreServer, join: startJoin, leave: leaveAtOnce, connected: stay, lost: stay, due: stay },
  waiting: {
    ...ignoreServer,
    join: stay,
    leave: leaveUnconfirmed,
    connected: retryJoin,
    // The next connection starts the attempt, not the timer.
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
      isRetryable || mayBeTemporary(state, error, context)
        ? tryLater(state, error, context, [], retryAfterMs)
        : { state: { name: 'refused', error }, effects: [CLEAR_TIMER, { kind: 'failed', error }] },
    ),
    leaveConfirmed: stay,
    ended: ifCurrent((_state, { error }) => endedBy(error)),
    failed: ifCurrent((state, { error }, context) =>
      tryLater(state, error, context, [{ kind: 'joinFailed', error }]),
    ),
    due: (state, _event, context) => {
      const error = timeoutError(
        `The join of "${context.topic}"`,
        context.timeoutMs,
        'The client tries again.',
      )
      // Sends no leave: the server may have accepted the join, and others would see this client go. The next join
      // replaces this one on the server.
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
      // The leave may not have arrived.
      return { state: step.state, effects: [{ kind: 'leaveLater' }, ...step.effects] }
    },
    accepted: stay,
    rejected: stay,
    leaveConfirmed: ifCurrent((state, _event, context) => finishLeave(state, context)),
    ended: ifCurrent((state, _event, context) => finishLeave(state, context)),
    failed: ifCurrent((state, _event, context) => finishLeave(state, context)),
    due: (state, _event, context) => {
      const step = finishLeave(state, context)
      // The caller stops waiting. The leave is sent again until the server replies.
      return { state: step.state, effects: [{ kind: 'leaveLater' }, ...step.effects] }
    },
  },
  left: { ...ignoreServer, join: startJoin, leave: stay, connected: stay, lost: stay, due: stay },
  refused: { ...ignoreServer, join: startJoin, leave: leaveAtOnce, connected: stay, lost: stay, due: stay },
}

export function stepChannel(state: ChannelState, event: ChannelEvent, context: ChannelContext): ChannelStep {
  return stepBy(table, state, event, context)
}
