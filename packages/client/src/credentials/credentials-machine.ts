import { type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'
import { joinTickets, ticketsOf } from '../async/tickets'
import { RollcallError } from '../errors'
import { conclude, fallBack, hold, type Renewing, renew, timeOut, wait } from './credentials-renewal'
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
 *           wanted: ask              made: open            welcomed
 *   apart --------------> preparing -------------> trying -----------> held <---------------------+
 *     ^                       |                      ^                  |                         | accepted, rejected,
 *     |                       +----------------------+                  | due, requested: ask     | failed, due
 *     |                  failed, due: open with the last lastAccepted           v                         |
 *     |                                                             renewing ---------------> offering
 *     +---- from everywhere: closed, parted, stopped                          made: offer
 *
 * What a server took is lastAccepted until it says otherwise, or its end has come; a newer one that fails, of the application or
 * of the server, takes nothing away. (C-34) One question at a time is out, to the application or to the server. (C-33)
 */

type CredentialsStep = Step<CredentialsState, CredentialsEffect>
type In<N extends CredentialsState['name']> = Extract<CredentialsState, { readonly name: N }>

const CLEAR_TIMER: CredentialsEffect = { kind: 'timer', delayMs: null }

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

function prepare(state: CredentialsState, context: CredentialsContext): CredentialsStep {
  const { lastAccepted, asked } = state
  const isPatient = isUsable(lastAccepted, context)
  return {
    state: { name: 'preparing', lastAccepted, asked: asked + 1 },
    effects: [
      ...settleAll(state),
      // A function that never answers must not keep away who has something to come back with.
      { kind: 'timer', delayMs: isPatient ? context.connectTimeoutMs / 2 : null },
      { kind: 'ask', asked: asked + 1 },
    ],
  }
}

function open(
  { lastAccepted, asked }: CredentialsState,
  credentials: Credentials,
  isLastTry: boolean,
): CredentialsStep {
  return {
    state: { name: 'trying', lastAccepted, asked, credentials, isLastTry },
    effects: [CLEAR_TIMER, { kind: 'open', credentials }],
  }
}

/** Nobody expects credentials; `effects` follow what tells those who waited for newer ones. */
function part(state: CredentialsState, effects: readonly CredentialsEffect[] = []): CredentialsStep {
  const { lastAccepted, asked } = state
  return {
    state: { name: 'apart', lastAccepted, asked },
    effects: [CLEAR_TIMER, ...settleAll(state), ...effects],
  }
}

function settleAll(state: CredentialsState): readonly CredentialsEffect[] {
  if (!('tickets' in state)) return []
  const tickets = joinTickets(state.tickets, state.nextTickets)
  return tickets.length === 0 ? [] : [{ kind: 'settle', tickets, error: apartError() }]
}

function refuse(state: CredentialsState, { ticket }: { readonly ticket: number }): CredentialsStep {
  return { state, effects: [{ kind: 'settle', tickets: ticketsOf(ticket), error: apartError() }] }
}

function apartError(): RollcallError {
  return new RollcallError(
    'disconnected',
    'No connection is open on which to renew credentials; the next one asks for them by itself.',
  )
}

/** The connection ended that `lastAccepted` opened or renewed. */
function lose(
  state: In<'held'> | Renewing,
  { close, isExpiry }: Extract<CredentialsEvent, { kind: 'closed' }>,
  { canRenew }: CredentialsContext,
): CredentialsStep {
  const lastAccepted = isExpiry ? { ...state.lastAccepted, isRejected: true } : state.lastAccepted
  const kind = isExpiry && !canRenew ? 'expire' : 'pass'
  return part({ ...state, lastAccepted: lastAccepted }, [{ kind, close }])
}

const wanted = (state: CredentialsState, _event: CredentialsEvent, context: CredentialsContext) =>
  prepare(state, context)
const parted = (state: CredentialsState) => part(state)
// The number goes on, so that what was asked before is not heard after.
const stopped = (state: CredentialsState): CredentialsStep => {
  const { effects } = part(state)
  return { state: { ...INITIAL_CREDENTIALS, asked: state.asked }, effects }
}
const pass = (
  state: CredentialsState,
  { close }: Extract<CredentialsEvent, { kind: 'closed' }>,
): CredentialsStep => part(state, [{ kind: 'pass', close }])

const table: TransitionTable<CredentialsState, CredentialsEvent, CredentialsEffect, CredentialsContext> = {
  apart: {
    wanted,
    made: stay,
    failed: stay,
    welcomed: stay,
    requested: refuse,
    accepted: stay,
    rejected: stay,
    closed: pass,
    parted,
    stopped,
    due: stay,
  },
  preparing: {
    wanted,
    made: (state, { asked, credentials }, context) => {
      const { lastAccepted } = state
      if (asked !== state.asked) return stay(state)
      if (lastAccepted === null || !isSameCredentials(lastAccepted.credentials, credentials))
        return open(state, credentials, false)
      // The server has said that these are over, and there are no others. (C-35)
      if (lastAccepted.isRejected) return part(state, [{ kind: 'expire', close: null }])
      return open(state, credentials, Number(lastAccepted.endsAt) <= context.now)
    },
    failed: (state, { asked, error }, context) => {
      if (asked !== state.asked) return stay(state)
      if (isUsable(state.lastAccepted, context)) return open(state, state.lastAccepted.credentials, false)
      return part(state, [{ kind: 'fail', error }])
    },
    welcomed: stay,
    requested: refuse,
    accepted: stay,
    rejected: stay,
    closed: pass,
    parted,
    stopped,
    due: (state, _event, context) =>
      isUsable(state.lastAccepted, context)
        ? open(state, state.lastAccepted.credentials, false)
        : stay(state),
  },
  trying: {
    wanted,
    made: stay,
    failed: stay,
    welcomed: (state, { lifetime }, context) => hold(state, state.credentials, lifetime, context),
    requested: refuse,
    accepted: stay,
    rejected: stay,
    closed: (state, { close, isExpiry }, { canRenew }) => {
      const { credentials, isLastTry } = state
      const lastAccepted = isExpiry
        ? { credentials, endsAt: 'unknown' as const, isRejected: true }
        : state.lastAccepted
      const kind = isLastTry || (isExpiry && !canRenew) ? 'expire' : 'pass'
      return part({ ...state, lastAccepted: lastAccepted }, [{ kind, close }])
    },
    parted,
    stopped,
    due: stay,
  },
  held: {
    wanted,
    made: stay,
    failed: stay,
    welcomed: stay,
    requested: (state, { ticket }, context) => renew(state, ticketsOf(ticket), context),
    accepted: stay,
    rejected: stay,
    closed: lose,
    parted,
    stopped,
    due: (state, _event, context) => renew(state, [], context),
  },
  renewing: {
    wanted,
    made: (state, { asked, credentials }, { timeoutMs }) =>
      asked === state.asked
        ? {
            state: { ...state, name: 'offering', credentials },
            effects: [
              { kind: 'timer', delayMs: timeoutMs },
              { kind: 'offer', credentials },
            ],
          }
        : stay(state),
    failed: (state, { asked, error }, context) =>
      asked === state.asked ? fallBack(state, error, context) : stay(state),
    welcomed: stay,
    requested: wait,
    accepted: stay,
    rejected: stay,
    closed: lose,
    parted,
    stopped,
    due: timeOut,
  },
  offering: {
    wanted,
    made: stay,
    failed: stay,
    welcomed: stay,
    requested: wait,
    accepted: (state, { lifetime }, context) =>
      conclude(state, null, hold(state, state.credentials, lifetime, context), context),
    rejected: (state, { error, retryAfterMs }, context) => fallBack(state, error, context, retryAfterMs),
    closed: lose,
    parted,
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
