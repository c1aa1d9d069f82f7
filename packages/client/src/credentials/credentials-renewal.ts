import { type Step, stay } from '@rollcall/shared-protocol'
import { backoffDelay, LONGEST_DELAY_MS } from '../async/backoff'
import { joinTickets, type Tickets, ticketsOf } from '../async/tickets'
import { type RollcallError, timeoutError } from '../errors'
import type {
  Credentials,
  CredentialsContext,
  CredentialsEffect,
  CredentialsEvent,
  CredentialsState,
  Lifetime,
} from './credentials-state'

/*
 * How credentials are renewed while a connection lasts: the cells of credentials.ts that are about that.
 */

type CredentialsStep = Step<CredentialsState, CredentialsEffect>
type In<N extends CredentialsState['name']> = Extract<CredentialsState, { readonly name: N }>
type ValidStep = Step<In<'valid'>, CredentialsEffect>
export type Renewing = In<'fetchingNew' | 'refreshing'>

/** Least wait before a renewal, and before the next try of one that failed. */
const LEAST_WAIT_MS = 1_000
/** Time that a renewal has at least, unless the whole life is too short for it. */
const ROOM_MS = 60_000

/**
 * When to renew, in milliseconds from now: after 70 to 80 % of the life, so that those who came together do not renew
 * together, and a minute before the end at the latest, but not before half of the life.
 */
export function renewalDelay(lifetimeMs: number, random: number): number {
  const share = lifetimeMs * (0.8 - 0.1 * random)
  const planned = Math.max(lifetimeMs / 2, Math.min(share, lifetimeMs - ROOM_MS))
  // One that is early costs nothing.
  return Math.min(LONGEST_DELAY_MS, Math.max(LEAST_WAIT_MS, Math.floor(planned)))
}

/** Keeps what the server took, and plans what comes next. */
export function keepValid(
  { fetchId }: CredentialsState,
  credentials: Credentials,
  lifetime: Lifetime,
  { now, random, canRenew }: CredentialsContext,
): ValidStep {
  const endsAt = typeof lifetime === 'number' ? now + lifetime : lifetime
  const delayMs = canRenew && typeof lifetime === 'number' ? renewalDelay(lifetime, random) : null
  return {
    state: { name: 'valid', lastAccepted: { credentials, endsAt, isRejected: false }, fetchId, failures: 0 },
    effects: [{ kind: 'setTimer', delayMs }],
  }
}

export function renew(
  { lastAccepted, fetchId, failures }: In<'valid'>,
  tickets: Tickets,
  { timeoutMs }: CredentialsContext,
): CredentialsStep {
  return {
    state: { name: 'fetchingNew', lastAccepted, fetchId: fetchId + 1, failures, tickets, nextTickets: [] },
    effects: [
      { kind: 'setTimer', delayMs: timeoutMs },
      { kind: 'fetch', fetchId: fetchId + 1 },
    ],
  }
}

/** Tells who waited, and begins anew for those who asked meanwhile. */
export function conclude(
  { tickets, nextTickets }: Renewing,
  error: RollcallError | null,
  valid: ValidStep,
  context: CredentialsContext,
): CredentialsStep {
  const settle: CredentialsEffect = { kind: 'settle', tickets, error }
  if (nextTickets.length === 0) return { state: valid.state, effects: [...valid.effects, settle] }
  const next = renew(valid.state, nextTickets, context)
  return { state: next.state, effects: [settle, ...next.effects] }
}

/** What was lastAccepted stays so, and it is tried again until the end. */
export function fallBack(
  state: Renewing,
  error: RollcallError,
  context: CredentialsContext,
  leastMs = 0,
): CredentialsStep {
  const { lastAccepted, fetchId } = state
  const failures = state.failures + 1
  const hasEnd = context.canRenew && typeof lastAccepted.endsAt === 'number'
  const delayMs = Math.max(LEAST_WAIT_MS, leastMs, backoffDelay(failures, context.backoff, context.random))
  const valid: ValidStep = {
    state: { name: 'valid', lastAccepted, fetchId, failures },
    effects: [{ kind: 'setTimer', delayMs: hasEnd ? delayMs : null }],
  }
  return conclude(state, error, valid, context)
}

export function timeOut(
  state: Renewing,
  _event: CredentialsEvent,
  context: CredentialsContext,
): CredentialsStep {
  return fallBack(state, renewalTimeoutError(context.timeoutMs), context)
}

/** The application was asked, or the server was, and did not answer. */
export function renewalTimeoutError(timeoutMs: number): RollcallError {
  return timeoutError('The renewal of our credentials', timeoutMs, 'The last lastAccepted ones are kept.')
}

export function wait(
  state: Renewing,
  { ticket }: Extract<CredentialsEvent, { kind: 'requested' }>,
): CredentialsStep {
  return stay({ ...state, nextTickets: joinTickets(state.nextTickets, ticketsOf(ticket)) })
}
