import { type Step, shouldReconnect, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'
import type { RollcallError } from '../errors'
import { backoffDelay } from './backoff'
import {
  closeError,
  connectTimeoutError,
  EXPIRED_CODE,
  endError,
  expiredError,
  silenceError,
} from './socket-errors'
import type {
  CloseInfo,
  SocketContext,
  SocketEffect,
  SocketEvent,
  SocketMemory,
  SocketState,
} from './socket-state'

/*
 *            connect                opened                welcomed
 *   idle ---------------> connecting -----> greeting ----------------> open
 *                          ^     |              |                        |
 *   closed ----------------+     | failed,      | closed, timed out,     | closed, dead
 *      ^     connect       |     | timed out    | not welcome for now    |
 *      |                   |     v              v                        |
 *      |                   +-- waiting <--------+------------------------+
 *      |     due, online, visible, reconnect_now
 *      |
 *      +---- from everywhere: disconnect, expired, or a close code that means "do not come back", where there are such
 *
 * While the network is known to be gone, waiting has no end of its own: `retryAt` is null. (C-3)
 */

type SocketStep = Step<SocketState, SocketEffect>
type In<N extends SocketState['name']> = Extract<SocketState, { readonly name: N }>
type Connected = In<'connecting' | 'greeting' | 'open'>

/**
 * A connection that ends sooner than this after it opened was not good: the count of tries goes on. Else a server
 * that lets everybody in and drops them at once would be tried again and again without a pause.
 */
export const PROVEN_AFTER_MS = 5_000

export const GOODBYE: CloseInfo = { code: 1000, reason: 'goodbye' }
/** Codes that a browser lets a page send are 1000 and 3000 to 4999; this is the protocol's own for silence. */
const SILENCE_CODE = 4001

function memoryOf({ isOnline, session, lastClose, error }: SocketState): SocketMemory {
  return { isOnline, session, lastClose, error }
}

function tryConnecting(state: SocketState, attempt: number, context: SocketContext): SocketStep {
  return {
    state: { ...memoryOf(state), name: 'connecting', attempt },
    effects: [{ kind: 'timer', delayMs: context.connectTimeoutMs }, { kind: 'open' }],
  }
}

function begin(state: SocketState, context: SocketContext): SocketStep {
  const step = tryConnecting({ ...state, error: null, lastClose: null }, 1, context)
  return { state: step.state, effects: [{ kind: 'watch', isOn: true }, ...step.effects] }
}

/** Waits for the next try, `attempt` of which have failed. */
function waitToRetry(
  state: SocketState,
  attempt: number,
  context: SocketContext,
  effects: readonly SocketEffect[],
  leastMs = 0,
): SocketStep {
  const delayMs = state.isOnline
    ? Math.max(leastMs, backoffDelay(attempt, context.backoff, context.random))
    : null
  return {
    state: {
      ...memoryOf(state),
      name: 'waiting',
      attempt,
      retryAt: delayMs === null ? null : context.now + delayMs,
    },
    effects: [{ kind: 'timer', delayMs }, ...effects],
  }
}

function retry(state: In<'waiting'>, _event: SocketEvent, context: SocketContext): SocketStep {
  return tryConnecting(state, state.attempt + 1, context)
}

/** Ends for good: only `connect` begins again. */
function end(state: SocketState, effects: readonly SocketEffect[]): SocketStep {
  return {
    state: { ...memoryOf(state), session: null, name: 'closed' },
    effects: [
      { kind: 'timer', delayMs: null },
      { kind: 'heartbeat', order: 'stopped' },
      ...effects,
      { kind: 'lost', isFinal: true },
      { kind: 'watch', isOn: false },
    ],
  }
}

function disconnect(state: SocketState): SocketStep {
  return end({ ...state, error: null, lastClose: GOODBYE }, [
    { kind: 'close', close: GOODBYE, isGoodbye: true },
  ])
}

/** The other side closed, or the connection broke. */
function afterClose(state: Connected, close: CloseInfo, context: SocketContext): SocketStep {
  const { hasCloseCodes } = context
  const error = hasCloseCodes ? closeError(close) : endError(close)
  const next = { ...state, lastClose: close, error }
  const isFinal = hasCloseCodes && !shouldReconnect(close.code) && close.code !== EXPIRED_CODE
  if (isFinal) return end(next, [])
  return waitToRetry(next, failuresAfter(state, context), context, lossOf(state))
}

function expire(state: Connected, { close }: Extract<SocketEvent, { kind: 'expired' }>): SocketStep {
  return end({ ...state, lastClose: close ?? state.lastClose, error: expiredError() }, [])
}

/** We gave the transport up. */
function giveUp(state: Connected, reason: string, error: RollcallError, context: SocketContext): SocketStep {
  const close = { code: SILENCE_CODE, reason }
  return waitToRetry({ ...state, lastClose: close, error }, failuresAfter(state, context), context, [
    { kind: 'close', close, isGoodbye: false },
    ...lossOf(state),
  ])
}

function lossOf(state: SocketState): readonly SocketEffect[] {
  switch (state.name) {
    case 'open':
      return [
        { kind: 'heartbeat', order: 'stopped' },
        { kind: 'lost', isFinal: false },
      ]
    case 'greeting':
      return [{ kind: 'lost', isFinal: false }]
    default:
      return []
  }
}

function failuresAfter(state: Connected, { now }: SocketContext): number {
  const isProven = state.name === 'open' && now - state.openedAt >= PROVEN_AFTER_MS
  return isProven ? 0 : state.attempt
}

function timeOut(
  state: In<'connecting' | 'greeting'>,
  _event: SocketEvent,
  context: SocketContext,
): SocketStep {
  return giveUp(state, 'connect_timeout', connectTimeoutError(state.name, context.connectTimeoutMs), context)
}

function setOnline<S extends SocketState>(
  state: S,
  isOnline: boolean,
  effects: readonly SocketEffect[] = [],
): SocketStep {
  return { state: state.isOnline === isOnline ? state : { ...state, isOnline }, effects }
}
const online = (state: SocketState): SocketStep => setOnline(state, true)
const offline = (state: SocketState): SocketStep => setOnline(state, false)
/** Whatever wakes a page or a network up may have killed the connection: find out now, not at the next heartbeat. */
const DOUBT: SocketEffect = { kind: 'heartbeat', order: 'doubted' }

/** Not connected, and not meant to be. */
const resting = {
  connect: (state: SocketState, _event: SocketEvent, context: SocketContext) => begin(state, context),
  disconnect: stay,
  reconnect_now: stay,
  opened: stay,
  welcomed: stay,
  unwelcome: stay,
  closed: stay,
  expired: stay,
  failed: stay,
  due: stay,
  dead: stay,
  online,
  offline,
  visible: stay,
}

const table: TransitionTable<SocketState, SocketEvent, SocketEffect, SocketContext> = {
  idle: resting,
  connecting: {
    connect: stay,
    disconnect,
    reconnect_now: stay,
    opened: (state) => ({
      state: { ...memoryOf(state), name: 'greeting', attempt: state.attempt },
      effects: [{ kind: 'greet' }],
    }),
    welcomed: stay,
    unwelcome: stay,
    closed: (state, { close }, context) => afterClose(state, close, context),
    expired: expire,
    failed: (state, { error }, context) => waitToRetry({ ...state, error }, state.attempt, context, []),
    due: timeOut,
    dead: stay,
    online,
    offline,
    visible: stay,
  },
  greeting: {
    connect: stay,
    disconnect,
    reconnect_now: stay,
    opened: stay,
    welcomed: (state, { session }, { now }) => ({
      state: {
        ...memoryOf(state),
        session,
        error: null,
        name: 'open',
        attempt: state.attempt,
        openedAt: now,
      },
      effects: [
        { kind: 'timer', delayMs: null },
        { kind: 'heartbeat', order: 'started' },
      ],
    }),
    unwelcome: (state, { error, isRetryable, retryAfterMs }, context) => {
      const refused = { ...state, error, lastClose: GOODBYE }
      const close: SocketEffect = { kind: 'close', close: GOODBYE, isGoodbye: true }
      if (!isRetryable) return end(refused, [close])
      return waitToRetry(refused, state.attempt, context, [close, ...lossOf(state)], retryAfterMs)
    },
    closed: (state, { close }, context) => afterClose(state, close, context),
    expired: expire,
    failed: stay,
    due: timeOut,
    dead: stay,
    online,
    offline,
    visible: stay,
  },
  open: {
    connect: stay,
    disconnect,
    reconnect_now: stay,
    opened: stay,
    welcomed: stay,
    unwelcome: stay,
    closed: (state, { close }, context) => afterClose(state, close, context),
    expired: expire,
    failed: stay,
    due: stay,
    dead: (state, _event, context) => giveUp(state, 'heartbeat_timeout', silenceError(), context),
    online: (state) => setOnline(state, true, [DOUBT]),
    offline: (state) => setOnline(state, false, [DOUBT]),
    visible: (state) => ({ state, effects: [DOUBT] }),
  },
  waiting: {
    connect: stay,
    disconnect,
    reconnect_now: retry,
    opened: stay,
    welcomed: stay,
    unwelcome: stay,
    closed: stay,
    expired: stay,
    failed: stay,
    due: retry,
    dead: stay,
    online: (state, _event, context) => retry({ ...state, isOnline: true }, _event, context),
    offline: (state) => ({
      state: { ...state, isOnline: false, retryAt: null },
      effects: [{ kind: 'timer', delayMs: null }],
    }),
    // Even where the network is said to be gone: hints are wrong at times, and somebody is looking.
    visible: retry,
  },
  closed: resting,
}

export function stepSocket(state: SocketState, event: SocketEvent, context: SocketContext): SocketStep {
  return stepBy(table, state, event, context)
}
