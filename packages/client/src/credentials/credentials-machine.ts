import { type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'
import { joinTickets, ticketsOf } from '../async/tickets'
import { RollcallError } from '../errors'
import { conclude, fallBack, keepValid, type Renewing, renew, timeOut, wait } from './credentials-renewal'
import {
  type AcceptedCredentials,
  type Credentials,
  type CredentialsContext,
  type CredentialsEffect,
  type CredentialsEvent,
  type CredentialsState,
  INITIAL_CREDENTIALS,
  isSameCredentials,
} from './credentials-state'

/*
 *           connect: fetch         fetched: open            accepted
 *   idle -----------------> fetching ------------> connecting ----------> valid <----------------+
 *     ^                        |                      ^                     |                    | refreshed,
 *     |                        +----------------------+                     | due, requested:    | refreshRefused,
 *     |                failed, due: open with the last accepted ones        v fetch              | failed, due
 *     |                                                                fetchingNew ------> refreshing
 *     +---- from every state: closed, disconnected, stopped                  fetched: refresh
 *
 * `lastAccepted` stays until the server rejects it or it expires. A renewal that fails, in the application or on the
 * server, does not change it. (C-34) Only one request is pending at a time, to the application or to the server. (C-33)
 */

type CredentialsStep = Step<CredentialsState, CredentialsEffect>
type In<N extends CredentialsState['name']> = Extract<CredentialsState, { readonly name: N }>

const CLEAR_TIMER: CredentialsEffect = { kind: 'setTimer', delayMs: null }

function isUsable(
  lastAccepted: AcceptedCredentials | null,
  { now }: CredentialsContext,
): lastAccepted is AcceptedCredentials {
  return (
    lastAccepted !== null &&
    !lastAccepted.isRejected &&
    (lastAccepted.endsAt === 'never' || now < Number(lastAccepted.endsAt))
  )
}

function fetchCredentials(state: CredentialsState, context: CredentialsContext): CredentialsStep {
  const { lastAccepted, fetchId } = state
  const hasFallback = isUsable(lastAccepted, context)
  return {
    state: { name: 'fetching', lastAccepted, fetchId: fetchId + 1 },
    effects: [
      ...settleAll(state),
      // If the function never settles, the client connects with the last accepted credentials.
      { kind: 'setTimer', delayMs: hasFallback ? context.connectTimeoutMs / 2 : null },
      { kind: 'fetch', fetchId: fetchId + 1 },
    ],
  }
}

function open(
  { lastAccepted, fetchId }: CredentialsState,
  credentials: Credentials,
  isLastTry: boolean,
): CredentialsStep {
  return {
    state: { name: 'connecting', lastAccepted, fetchId, credentials, isLastTry },
    effects: [CLEAR_TIMER, { kind: 'open', credentials }],
  }
}

/** Ends the connection's credentials. `effects` come after the callers of `refresh()` are rejected. */
function disconnect(state: CredentialsState, effects: readonly CredentialsEffect[] = []): CredentialsStep {
  const { lastAccepted, fetchId } = state
  return {
    state: { name: 'idle', lastAccepted, fetchId },
    effects: [CLEAR_TIMER, ...settleAll(state), ...effects],
  }
}

function settleAll(state: CredentialsState): readonly CredentialsEffect[] {
  if (!('tickets' in state)) return []
  const tickets = joinTickets(state.tickets, state.nextTickets)
  return tickets.length === 0 ? [] : [{ kind: 'settle', tickets, error: notConnectedError() }]
}

function rejectRequest(state: CredentialsState, { ticket }: { readonly ticket: number }): CredentialsStep {
  return { state, effects: [{ kind: 'settle', tickets: ticketsOf(ticket), error: notConnectedError() }] }
}

function notConnectedError(): RollcallError {
  return new RollcallError('disconnected', 'No connection is open. The next fetches new credentials.')
}

/** The connection that uses `lastAccepted` ended. */
function lose(
  state: In<'valid'> | Renewing,
  { close, isExpiry }: Extract<CredentialsEvent, { kind: 'closed' }>,
  { canRenew }: CredentialsContext,
): CredentialsStep {
  const lastAccepted = isExpiry ? { ...state.lastAccepted, isRejected: true } : state.lastAccepted
  const kind = isExpiry && !canRenew ? 'expire' : 'passThrough'
  return disconnect({ ...state, lastAccepted }, [{ kind, close }])
}

const connect = (state: CredentialsState, _event: CredentialsEvent, context: CredentialsContext) =>
  fetchCredentials(state, context)
const disconnected = (state: CredentialsState) => disconnect(state)
// `fetchId` continues, so that a late result of an earlier fetch is ignored.
const stopped = (state: CredentialsState): CredentialsStep => {
  const { effects } = disconnect(state)
  return { state: { ...INITIAL_CREDENTIALS, fetchId: state.fetchId }, effects }
}
const passThrough = (
  state: CredentialsState,
  { close }: Extract<CredentialsEvent, { kind: 'closed' }>,
): CredentialsStep => disconnect(state, [{ kind: 'passThrough', close }])

const table: TransitionTable<CredentialsState, CredentialsEvent, CredentialsEffect, CredentialsContext> = {
  idle: {
    connect,
    fetched: stay,
    failed: stay,
    accepted: stay,
    requested: rejectRequest,
    refreshed: stay,
    refreshRefused: stay,
    closed: passThrough,
    disconnected,
    stopped,
    due: stay,
  },
  fetching: {
    connect,
    fetched: (state, { fetchId, credentials }, context) => {
      const { lastAccepted } = state
      if (fetchId !== state.fetchId) return stay(state)
      if (lastAccepted === null || !isSameCredentials(lastAccepted.credentials, credentials))
        return open(state, credentials, false)
      // The server has said that these are expired, and there are no others. (C-35)
      if (lastAccepted.isRejected) return disconnect(state, [{ kind: 'expire', close: null }])
      return open(state, credentials, Number(lastAccepted.endsAt) <= context.now)
    },
    failed: (state, { fetchId, error }, context) => {
      if (fetchId !== state.fetchId) return stay(state)
      if (isUsable(state.lastAccepted, context)) return open(state, state.lastAccepted.credentials, false)
      return disconnect(state, [{ kind: 'fail', error }])
    },
    accepted: stay,
    requested: rejectRequest,
    refreshed: stay,
    refreshRefused: stay,
    closed: passThrough,
    disconnected,
    stopped,
    due: (state, _event, context) =>
      isUsable(state.lastAccepted, context)
        ? open(state, state.lastAccepted.credentials, false)
        : stay(state),
  },
  connecting: {
    connect,
    fetched: stay,
    failed: stay,
    accepted: (state, { lifetime }, context) => keepValid(state, state.credentials, lifetime, context),
    requested: rejectRequest,
    refreshed: stay,
    refreshRefused: stay,
    closed: (state, { close, isExpiry }, { canRenew }) => {
      const { credentials, isLastTry } = state
      const lastAccepted = isExpiry
        ? { credentials, endsAt: 'unknown' as const, isRejected: true }
        : state.lastAccepted
      const kind = isLastTry || (isExpiry && !canRenew) ? 'expire' : 'passThrough'
      return disconnect({ ...state, lastAccepted }, [{ kind, close }])
    },
    disconnected,
    stopped,
    due: stay,
  },
  valid: {
    connect,
    fetched: stay,
    failed: stay,
    accepted: stay,
    requested: (state, { ticket }, context) => renew(state, ticketsOf(ticket), context),
    refreshed: stay,
    refreshRefused: stay,
    closed: lose,
    disconnected,
    stopped,
    due: (state, _event, context) => renew(state, [], context),
  },
  fetchingNew: {
    connect,
    fetched: (state, { fetchId, credentials }, { timeoutMs }) =>
      fetchId === state.fetchId
        ? {
            state: { ...state, name: 'refreshing', credentials },
            effects: [
              { kind: 'setTimer', delayMs: timeoutMs },
              { kind: 'refresh', credentials },
            ],
          }
        : stay(state),
    failed: (state, { fetchId, error }, context) =>
      fetchId === state.fetchId ? fallBack(state, error, context) : stay(state),
    accepted: stay,
    requested: wait,
    refreshed: stay,
    refreshRefused: stay,
    closed: lose,
    disconnected,
    stopped,
    due: timeOut,
  },
  refreshing: {
    connect,
    fetched: stay,
    failed: stay,
    accepted: stay,
    requested: wait,
    refreshed: (state, { lifetime }, context) =>
      conclude(state, null, keepValid(state, state.credentials, lifetime, context), context),
    refreshRefused: (state, { error, retryAfterMs }, context) =>
      fallBack(state, error, context, retryAfterMs),
    closed: lose,
    disconnected,
    stopped,
    due: timeOut,
  },
}

export function stepCredentials(
  state: CredentialsState,
  event: CredentialsEvent,
  context: CredentialsContext,
): CredentialsStep {
  return stepBy(table, state, event, context)
}
