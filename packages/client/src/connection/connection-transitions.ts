import { type Step, shouldReconnect, stay } from '@rollcall/shared-protocol'
import { backoffDelay } from '../async/backoff'
import type { RollcallError } from '../errors'
import {
  closeError,
  connectTimeoutError,
  EXPIRED_CODE,
  endError,
  expiredError,
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
 * The transitions of the connection machine. The table in connection-machine.ts says which event causes which.
 */

export type ConnectionStep = Step<ConnectionState, ConnectionEffect>
type In<N extends ConnectionState['name']> = Extract<ConnectionState, { readonly name: N }>
type Connected = In<'connecting' | 'handshaking' | 'open'>

/**
 * In milliseconds. A connection that ends sooner than this after it opened counts as a failed attempt. Otherwise a server
 * that accepts every client and drops it at once would be tried again and again without a pause.
 */
export const PROVEN_AFTER_MS = 5_000

export const GOODBYE: CloseInfo = { code: 1000, reason: 'goodbye' }
/** The protocol's own code for silence. A browser lets a page send 1000 and 3000 to 4999 only. */
const SILENCE_CODE = 4001
/** The server keeps the session for its grace, because the page may continue. */
const SUSPENDED: CloseInfo = { code: 4005, reason: 'suspended' }
/** The server keeps the session for its page grace only: a reload comes back soon or not at all. */
const UNLOADED: CloseInfo = { code: 4006, reason: 'unloaded' }

export function memoryOf({ isOnline, session, lastClose, error }: ConnectionState): ConnectionMemory {
  return { isOnline, session, lastClose, error }
}

function tryConnecting(state: ConnectionState, attempt: number, context: ConnectionContext): ConnectionStep {
  return {
    state: { ...memoryOf(state), name: 'connecting', attempt },
    effects: [{ kind: 'setTimer', delayMs: context.connectTimeoutMs }, { kind: 'open' }],
  }
}

export function startConnecting(
  state: ConnectionState,
  _event: ConnectionEvent,
  context: ConnectionContext,
): ConnectionStep {
  const step = tryConnecting({ ...state, error: null, lastClose: null }, 1, context)
  return { state: step.state, effects: [{ kind: 'watch', isOn: true }, ...step.effects] }
}

/** Schedules the next attempt. `attempt` is the number of attempts that have failed. */
export function waitToRetry(
  state: ConnectionState,
  attempt: number,
  context: ConnectionContext,
  effects: readonly ConnectionEffect[],
  leastMs = 0,
): ConnectionStep {
  const { backoff, random, now } = context
  // "Offline" can be wrong: behind a VPN, for example, or in a worker that never gets the event "online".
  const pauseMs = state.isOnline ? backoffDelay(attempt, backoff, random) : backoff.capMs
  const delayMs = Math.max(leastMs, pauseMs)
  return {
    state: { ...memoryOf(state), name: 'waiting', attempt, retryAt: now + delayMs },
    effects: [{ kind: 'setTimer', delayMs }, ...effects],
  }
}

export function retry(
  state: In<'waiting'>,
  _event: ConnectionEvent,
  context: ConnectionContext,
): ConnectionStep {
  return tryConnecting(state, state.attempt + 1, context)
}

/** Ends the connection for good: only the event `connect` starts it again. */
export function endForGood(state: ConnectionState, effects: readonly ConnectionEffect[]): ConnectionStep {
  return {
    state: { ...memoryOf(state), session: null, name: 'closed' },
    effects: [
      { kind: 'setTimer', delayMs: null },
      { kind: 'heartbeat', order: 'stopped' },
      ...effects,
      { kind: 'lost', isFinal: true },
      { kind: 'watch', isOn: false },
    ],
  }
}

export function disconnect(state: ConnectionState): ConnectionStep {
  return endForGood({ ...state, error: null, lastClose: GOODBYE }, [
    { kind: 'close', close: GOODBYE, isGoodbye: true },
  ])
}

/** The server closed the connection, or the connection broke. */
export function afterClose(
  state: Connected,
  { close }: Extract<ConnectionEvent, { kind: 'closed' }>,
  context: ConnectionContext,
): ConnectionStep {
  const { hasCloseCodes } = context
  const error = hasCloseCodes ? closeError(close) : endError(close)
  const next = { ...state, lastClose: close, error }
  const isFinal = hasCloseCodes && !shouldReconnect(close.code) && close.code !== EXPIRED_CODE
  if (isFinal) return endForGood(next, [])
  return waitToRetry(next, failuresAfter(state, context), context, lossEffects(state))
}

export function expire(
  state: Connected,
  { close }: Extract<ConnectionEvent, { kind: 'expired' }>,
): ConnectionStep {
  return endForGood({ ...state, lastClose: close ?? state.lastClose, error: expiredError() }, [])
}

/** Abandons the transport because the server does not answer. */
export function giveUp(
  state: Connected,
  reason: string,
  error: RollcallError,
  context: ConnectionContext,
): ConnectionStep {
  const close = { code: SILENCE_CODE, reason }
  return waitToRetry({ ...state, lastClose: close, error }, failuresAfter(state, context), context, [
    { kind: 'close', close, isGoodbye: false },
    ...lossEffects(state),
  ])
}

/**
 * Closes before the browser stops the page. Chromium keeps a frozen page's WebSocket open and answers pings for it, so
 * the server could never find out that nobody is there.
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
    effects: [{ kind: 'setTimer', delayMs: null }, { kind: 'closeGracefully', close }, ...lossEffects(state)],
  })
}

/** The cells for a page that stops while a connection is open or being made. */
export const pageStops = { suspended: suspend(SUSPENDED), unloaded: suspend(UNLOADED) }

/** Cancels the next attempt until the page continues. */
export const waitForPage = (state: In<'waiting'>): ConnectionStep => ({
  state: { ...state, retryAt: null },
  effects: [{ kind: 'setTimer', delayMs: null }],
})

/**
 * Starts the attempt again when the network returns. An attempt that began without a network may wait for the answer
 * to a packet that was lost.
 */
export function restartAttempt(
  state: In<'connecting' | 'handshaking'>,
  _event: ConnectionEvent,
  context: ConnectionContext,
): ConnectionStep {
  if (state.isOnline) return stay(state)
  const close = { code: SILENCE_CODE, reason: 'online' }
  const step = tryConnecting({ ...state, isOnline: true }, state.attempt, context)
  return {
    state: step.state,
    effects: [{ kind: 'close', close, isGoodbye: false }, ...lossEffects(state), ...step.effects],
  }
}

/** The effects that tell the heartbeat and the channels that the transport is gone. */
export function lossEffects(state: ConnectionState): readonly ConnectionEffect[] {
  switch (state.name) {
    case 'open':
      return [
        { kind: 'heartbeat', order: 'stopped' },
        { kind: 'lost', isFinal: false },
      ]
    case 'handshaking':
      return [{ kind: 'lost', isFinal: false }]
    default:
      return []
  }
}

function failuresAfter(state: Connected, { now }: ConnectionContext): number {
  const isProven = state.name === 'open' && now - state.openedAt >= PROVEN_AFTER_MS
  return isProven ? 0 : state.attempt
}

export function timeOut(
  state: In<'connecting' | 'handshaking'>,
  _event: ConnectionEvent,
  context: ConnectionContext,
): ConnectionStep {
  return giveUp(state, 'connect_timeout', connectTimeoutError(state.name, context.connectTimeoutMs), context)
}

export function setOnline<S extends ConnectionState>(
  state: S,
  isOnline: boolean,
  effects: readonly ConnectionEffect[] = [],
): ConnectionStep {
  return { state: state.isOnline === isOnline ? state : { ...state, isOnline }, effects }
}
