import { type Step, shouldReconnect, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'
import { backoffDelay } from '../async/backoff'
import type { RollcallError } from '../errors'
import {
  closeError,
  connectTimeoutError,
  EXPIRED_CODE,
  endError,
  expiredError,
  silenceError,
  suspendedError,
} from './connection-errors'
import type {
  CloseInfo,
  ConnectionContext,
  ConnectionEffect,
  ConnectionEvent,
  ConnectionMemory,
  ConnectionState,
} from './connection-state'

/*
 *            connect                opened                welcomed
 *   idle ---------------> connecting -----> greeting ----------------> open
 *                          ^     |              |                        |
 *   closed ----------------+     | failed,      | closed, timed out,     | closed, dead
 *      ^     connect       |     | timed out    | not welcome for now    |
 *      |                   |     v              v                        |
 *      |                   +-- waiting <--------+------------------------+
 *      |     due, online, visible, reconnect_now        suspended, unloaded: from all three to waiting
 *      |
 *      +---- from everywhere: disconnect, expired, or a close code that means "do not come back", where there are such
 *
 * While the network is said to be gone, waiting takes `capMs`. While the page is suspended it has no end of its own:
 * `retryAt` is null. (C-3, C-38)
 */

type ConnectionStep = Step<ConnectionState, ConnectionEffect>
type In<N extends ConnectionState['name']> = Extract<ConnectionState, { readonly name: N }>
type Connected = In<'connecting' | 'greeting' | 'open'>

/**
 * A connection that ends sooner than this after it opened was not good: the count of tries goes on. Else a server
 * that lets everybody in and drops them at once would be tried again and again without a pause.
 */
export const PROVEN_AFTER_MS = 5_000

export const GOODBYE: CloseInfo = { code: 1000, reason: 'goodbye' }
/** Codes that a browser lets a page send are 1000 and 3000 to 4999; this is the protocol's own for silence. */
const SILENCE_CODE = 4001
/** The server keeps the session for its grace: the page may come back. */
const SUSPENDED: CloseInfo = { code: 4005, reason: 'suspended' }
/** The server keeps the session for its page grace: a reload comes back soon or not at all. */
const UNLOADED: CloseInfo = { code: 4006, reason: 'unloaded' }

function memoryOf({ isOnline, session, lastClose, error }: ConnectionState): ConnectionMemory {
  return { isOnline, session, lastClose, error }
}

function tryConnecting(state: ConnectionState, attempt: number, context: ConnectionContext): ConnectionStep {
  return {
    state: { ...memoryOf(state), name: 'connecting', attempt },
    effects: [{ kind: 'timer', delayMs: context.connectTimeoutMs }, { kind: 'open' }],
  }
}

function begin(state: ConnectionState, context: ConnectionContext): ConnectionStep {
  const step = tryConnecting({ ...state, error: null, lastClose: null }, 1, context)
  return { state: step.state, effects: [{ kind: 'watch', isOn: true }, ...step.effects] }
}

/** Waits for the next try, `attempt` of which have failed. */
function waitToRetry(
  state: ConnectionState,
  attempt: number,
  context: ConnectionContext,
  effects: readonly ConnectionEffect[],
  leastMs = 0,
): ConnectionStep {
  const { backoff, random, now } = context
  // "Offline" is a hint, and wrong at times: behind a VPN, or in a worker that is never told of the end of it.
  const pauseMs = state.isOnline ? backoffDelay(attempt, backoff, random) : backoff.capMs
  const delayMs = Math.max(leastMs, pauseMs)
  return {
    state: { ...memoryOf(state), name: 'waiting', attempt, retryAt: now + delayMs },
    effects: [{ kind: 'timer', delayMs }, ...effects],
  }
}

function retry(state: In<'waiting'>, _event: ConnectionEvent, context: ConnectionContext): ConnectionStep {
  return tryConnecting(state, state.attempt + 1, context)
}

/** Ends for good: only `connect` begins again. */
function end(state: ConnectionState, effects: readonly ConnectionEffect[]): ConnectionStep {
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

function disconnect(state: ConnectionState): ConnectionStep {
  return end({ ...state, error: null, lastClose: GOODBYE }, [
    { kind: 'close', close: GOODBYE, isGoodbye: true },
  ])
}

/** The other side closed, or the connection broke. */
function afterClose(state: Connected, close: CloseInfo, context: ConnectionContext): ConnectionStep {
  const { hasCloseCodes } = context
  const error = hasCloseCodes ? closeError(close) : endError(close)
  const next = { ...state, lastClose: close, error }
  const isFinal = hasCloseCodes && !shouldReconnect(close.code) && close.code !== EXPIRED_CODE
  if (isFinal) return end(next, [])
  return waitToRetry(next, failuresAfter(state, context), context, lossOf(state))
}

function expire(state: Connected, { close }: Extract<ConnectionEvent, { kind: 'expired' }>): ConnectionStep {
  return end({ ...state, lastClose: close ?? state.lastClose, error: expiredError() }, [])
}

/** We gave the transport up. */
function giveUp(
  state: Connected,
  reason: string,
  error: RollcallError,
  context: ConnectionContext,
): ConnectionStep {
  const close = { code: SILENCE_CODE, reason }
  return waitToRetry({ ...state, lastClose: close, error }, failuresAfter(state, context), context, [
    { kind: 'close', close, isGoodbye: false },
    ...lossOf(state),
  ])
}

/**
 * Closes before the browser stops the page. Chromium keeps a frozen page's WebSocket open and answers pings for it, so
 * that the server could never tell that nobody is there.
 */
function suspend(close: CloseInfo) {
  return (state: Connected, _event: ConnectionEvent, context: ConnectionContext): ConnectionStep => ({
    state: {
      ...memoryOf(state),
      lastClose: close,
      error: suspendedError(),
      name: 'waiting',
      attempt: failuresAfter(state, context),
      retryAt: null,
    },
    effects: [{ kind: 'timer', delayMs: null }, { kind: 'part', close }, ...lossOf(state)],
  })
}

const away = { suspended: suspend(SUSPENDED), unloaded: suspend(UNLOADED) }

/** Waits until the page goes on. */
const rest = (state: In<'waiting'>): ConnectionStep => ({
  state: { ...state, retryAt: null },
  effects: [{ kind: 'timer', delayMs: null }],
})

/** An attempt of before the network came back may wait for an answer to a packet that is lost. Begins it again. */
function restart(
  state: In<'connecting' | 'greeting'>,
  _event: ConnectionEvent,
  context: ConnectionContext,
): ConnectionStep {
  if (state.isOnline) return stay(state)
  const close = { code: SILENCE_CODE, reason: 'online' }
  const step = tryConnecting({ ...state, isOnline: true }, state.attempt, context)
  return {
    state: step.state,
    effects: [{ kind: 'close', close, isGoodbye: false }, ...lossOf(state), ...step.effects],
  }
}

function lossOf(state: ConnectionState): readonly ConnectionEffect[] {
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

function failuresAfter(state: Connected, { now }: ConnectionContext): number {
  const isProven = state.name === 'open' && now - state.openedAt >= PROVEN_AFTER_MS
  return isProven ? 0 : state.attempt
}

function timeOut(
  state: In<'connecting' | 'greeting'>,
  _event: ConnectionEvent,
  context: ConnectionContext,
): ConnectionStep {
  return giveUp(state, 'connect_timeout', connectTimeoutError(state.name, context.connectTimeoutMs), context)
}

function setOnline<S extends ConnectionState>(
  state: S,
  isOnline: boolean,
  effects: readonly ConnectionEffect[] = [],
): ConnectionStep {
  return { state: state.isOnline === isOnline ? state : { ...state, isOnline }, effects }
}
const online = (state: ConnectionState): ConnectionStep => setOnline(state, true)
const offline = (state: ConnectionState): ConnectionStep => setOnline(state, false)
/** Whatever wakes a page or a network up may have killed the connection: find out now, not at the next heartbeat. */
const DOUBT: ConnectionEffect = { kind: 'heartbeat', order: 'doubted' }

/** Not connected, and not meant to be. */
const resting = {
  connect: (state: ConnectionState, _event: ConnectionEvent, context: ConnectionContext) =>
    begin(state, context),
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
  suspended: stay,
  unloaded: stay,
}

const table: TransitionTable<ConnectionState, ConnectionEvent, ConnectionEffect, ConnectionContext> = {
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
    online: restart,
    offline,
    visible: stay,
    ...away,
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
      const close: ConnectionEffect = { kind: 'close', close: GOODBYE, isGoodbye: true }
      if (!isRetryable) return end(refused, [close])
      return waitToRetry(refused, state.attempt, context, [close, ...lossOf(state)], retryAfterMs)
    },
    closed: (state, { close }, context) => afterClose(state, close, context),
    expired: expire,
    failed: stay,
    due: timeOut,
    dead: stay,
    online: restart,
    offline,
    visible: stay,
    ...away,
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
    ...away,
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
    offline: (state, _event, context) =>
      waitToRetry({ ...state, isOnline: false }, state.attempt, context, []),
    // Even where the network is said to be gone: hints are wrong at times, and somebody is looking.
    visible: retry,
    suspended: rest,
    unloaded: rest,
  },
  closed: resting,
}

export function stepConnection(
  state: ConnectionState,
  event: ConnectionEvent,
  context: ConnectionContext,
): ConnectionStep {
  return stepBy(table, state, event, context)
}
