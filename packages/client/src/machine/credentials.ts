import { type Step, stay, stepBy, type TransitionTable } from '@rollcall/shared-protocol'
import { RollcallError } from '../errors'
import { conclude, fallBack, hold, type Renewing, renew, timeOut, wait } from './credentials-renewal'
import {
  type Credentials,
  type CredentialsContext,
  type CredentialsEffect,
  type CredentialsEvent,
  type CredentialsState,
  type GoodCredentials,
  INITIAL_CREDENTIALS,
  isSameCredentials,
} from './credentials-state'
import { joinTickets, ticketsOf } from './tickets'

/*
 *           wanted: ask              made: open            welcomed
 *   apart --------------> preparing -------------> trying -----------> held <---------------------+
 *     ^                       |                      ^                  |                         | accepted, rejected,
 *     |                       +----------------------+                  | due, requested: ask     | failed, due
 *     |                  failed, due: open with the last good           v                         |
 *     |                                                             renewing ---------------> offering
 *     +---- from everywhere: closed, parted, stopped                          made: offer
 *
 * What a server took is good until it says otherwise, or its end has come; a newer one that fails, of the application or
 * of the server, takes nothing away. (C-34) One question at a time is out, to the application or to the server. (C-33)
 */

type CredentialsStep = Step<CredentialsState, CredentialsEffect>
type In<N extends CredentialsState['name']> = Extract<CredentialsState, { readonly name: N }>

const CLEAR_TIMER: CredentialsEffect = { kind: 'timer', delayMs: null }

function isUsable(good: GoodCredentials | null, { now }: CredentialsContext): good is GoodCredentials {
  return good !== null && !good.isVoid && (good.endsAt === 'never' || now < Number(good.endsAt))
}

function prepare(state: CredentialsState, context: CredentialsContext): CredentialsStep {
  const { good, asked } = state
  const isPatient = isUsable(good, context)
  return {
    state: { name: 'preparing', good, asked: asked + 1 },
    effects: [
      ...settleAll(state),
      // A function that never answers must not keep away who has something to come back with.
      { kind: 'timer', delayMs: isPatient ? context.connectTimeoutMs / 2 : null },
      { kind: 'ask', asked: asked + 1 },
    ],
  }
}

function open(
  { good, asked }: CredentialsState,
  credentials: Credentials,
  isLastTry: boolean,
): CredentialsStep {
  return {
    state: { name: 'trying', good, asked, credentials, isLastTry },
    effects: [CLEAR_TIMER, { kind: 'open', credentials }],
  }
}

/** Nobody expects credentials; `effects` follow what tells those who waited for newer ones. */
function part(state: CredentialsState, effects: readonly CredentialsEffect[] = []): CredentialsStep {
  const { good, asked } = state
  return {
    state: { name: 'apart', good, asked },
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

/** The connection ended that `good` opened or renewed. */
function lose(
  state: In<'held'> | Renewing,
  { close, isExpiry }: Extract<CredentialsEvent, { kind: 'closed' }>,
  { canRenew }: CredentialsContext,
): CredentialsStep {
  const good = isExpiry ? { ...state.good, isVoid: true } : state.good
  const kind = isExpiry && !canRenew ? 'expire' : 'pass'
  return part({ ...state, good }, [{ kind, close }])
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
      const { good } = state
      if (asked !== state.asked) return stay(state)
      if (good === null || !isSameCredentials(good.credentials, credentials))
        return open(state, credentials, false)
      // The server has said that these are over, and there are no others. (C-35)
      if (good.isVoid) return part(state, [{ kind: 'expire', close: null }])
      return open(state, credentials, Number(good.endsAt) <= context.now)
    },
    failed: (state, { asked, error }, context) => {
      if (asked !== state.asked) return stay(state)
      if (isUsable(state.good, context)) return open(state, state.good.credentials, false)
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
      isUsable(state.good, context) ? open(state, state.good.credentials, false) : stay(state),
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
      const good = isExpiry ? { credentials, endsAt: 'unknown' as const, isVoid: true } : state.good
      const kind = isLastTry || (isExpiry && !canRenew) ? 'expire' : 'pass'
      return part({ ...state, good }, [{ kind, close }])
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
