import { stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'
import { silenceError } from './connection-errors'
import type {
  ConnectionContext,
  ConnectionEffect,
  ConnectionEvent,
  ConnectionState,
} from './connection-state'
import {
  afterClose,
  type ConnectionStep,
  disconnect,
  endForGood,
  expire,
  GOODBYE,
  giveUp,
  lossEffects,
  memoryOf,
  pageStops,
  restartAttempt,
  retry,
  setOnline,
  startConnecting,
  timeOut,
  waitForPage,
  waitToRetry,
} from './connection-transitions'

/*
 *            connect                opened                  accepted
 *   idle ---------------> connecting -----> handshaking ---------------> open
 *                          ^     |              |                         |
 *   closed ----------------+     | failed,      | closed, timed out,      | closed,
 *      ^     connect       |     | timed out    | refused for now         | timed out
 *      |                   |     v              v                         |
 *      |                   +-- waiting <--------+-------------------------+
 *      |     due, online, visible, reconnectNow         suspended, unloaded: from all three to waiting
 *      |
 *      +---- from every state: disconnect, expired, or a close code that forbids reconnecting (if the dialect has any)
 *
 * Without a network, `waiting` lasts `capMs`. While the page is suspended it lasts until the page continues, and
 * `retryAt` is null. (C-3, C-38)
 */

const online = (state: ConnectionState): ConnectionStep => setOnline(state, true)
const offline = (state: ConnectionState): ConnectionStep => setOnline(state, false)
/** Events that wake a page or a network may have broken the connection. Probes now instead of at the next heartbeat. */
const PROBE: ConnectionEffect = { kind: 'heartbeat', order: 'probe' }

/** The states without a connection, in which none is wanted. */
const notWanted = {
  connect: startConnecting,
  disconnect: stay,
  reconnectNow: stay,
  opened: stay,
  accepted: stay,
  refused: stay,
  closed: stay,
  expired: stay,
  failed: stay,
  due: stay,
  timedOut: stay,
  online,
  offline,
  visible: stay,
  suspended: stay,
  unloaded: stay,
}

const table: TransitionTable<ConnectionState, ConnectionEvent, ConnectionEffect, ConnectionContext> = {
  idle: notWanted,
  connecting: {
    connect: stay,
    disconnect,
    reconnectNow: stay,
    opened: (state) => ({
      state: { ...memoryOf(state), name: 'handshaking', attempt: state.attempt },
      effects: [{ kind: 'sendHello' }],
    }),
    accepted: stay,
    refused: stay,
    closed: afterClose,
    expired: expire,
    failed: (state, { error }, context) => waitToRetry({ ...state, error }, state.attempt, context, []),
    due: timeOut,
    timedOut: stay,
    online: restartAttempt,
    offline,
    visible: stay,
    ...pageStops,
  },
  handshaking: {
    connect: stay,
    disconnect,
    reconnectNow: stay,
    opened: stay,
    accepted: (state, { session }, { now }) => ({
      state: {
        ...memoryOf(state),
        session,
        error: null,
        name: 'open',
        attempt: state.attempt,
        openedAt: now,
      },
      effects: [
        { kind: 'setTimer', delayMs: null },
        { kind: 'heartbeat', order: 'started' },
      ],
    }),
    refused: (state, { error, isRetryable, retryAfterMs }, context) => {
      const next = { ...state, error, lastClose: GOODBYE }
      const close: ConnectionEffect = { kind: 'close', close: GOODBYE, isGoodbye: true }
      if (!isRetryable) return endForGood(next, [close])
      return waitToRetry(next, state.attempt, context, [close, ...lossEffects(state)], retryAfterMs)
    },
    closed: afterClose,
    expired: expire,
    failed: stay,
    due: timeOut,
    timedOut: stay,
    online: restartAttempt,
    offline,
    visible: stay,
    ...pageStops,
  },
  open: {
    connect: stay,
    disconnect,
    reconnectNow: stay,
    opened: stay,
    accepted: stay,
    refused: stay,
    closed: afterClose,
    expired: expire,
    failed: stay,
    due: stay,
    timedOut: (state, _event, context) => giveUp(state, 'heartbeat_timeout', silenceError(), context),
    online: (state) => setOnline(state, true, [PROBE]),
    offline: (state) => setOnline(state, false, [PROBE]),
    visible: (state) => ({ state, effects: [PROBE] }),
    ...pageStops,
  },
  waiting: {
    connect: stay,
    disconnect,
    reconnectNow: retry,
    opened: stay,
    accepted: stay,
    refused: stay,
    closed: stay,
    expired: stay,
    failed: stay,
    due: retry,
    timedOut: stay,
    online: (state, _event, context) => retry({ ...state, isOnline: true }, _event, context),
    offline: (state, _event, context) =>
      waitToRetry({ ...state, isOnline: false }, state.attempt, context, []),
    // Also while the environment reports no network: the hint may be wrong, and somebody is looking at the page.
    visible: retry,
    suspended: waitForPage,
    unloaded: waitForPage,
  },
  closed: notWanted,
}

export function stepConnection(
  state: ConnectionState,
  event: ConnectionEvent,
  context: ConnectionContext,
): ConnectionStep {
  return stepBy(table, state, event, context)
}
