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
 * The transitions of the credentials machine that renew credentials over an open connection.
 */

type CredentialsStep = Step<CredentialsState, CredentialsEffect>
type In<N extends CredentialsState['name']> = Extract<CredentialsState, { readonly name: N }>
type ValidStep = Step<In<'valid'>, CredentialsEffect>
export type Renewing = In<'fetchingNew' | 'refreshing'>

/** Least wait before a renewal, and before the retry of one that failed. */
const LEAST_WAIT_MS = 1_000
/** A renewal starts at least this long before the end, unless the lifetime is too short for that. */
const MARGIN_MS = 60_000

/**
 * Milliseconds until the renewal: 70 to 80 % of the lifetime, so that clients that connected together do not renew
 * together. At the latest a minute before the end, but not before half of the lifetime.
 */
export function renewalDelay(lifetimeMs: number, random: number): number {
  const share = lifetimeMs * (0.8 - 0.1 * random)
  const planned = Math.max(lifetimeMs / 2, Math.min(share, lifetimeMs - MARGIN_MS))
  // A timer cannot wait longer. A renewal that is early costs nothing.
  return Math.min(LONGEST_DELAY_MS, Math.max(LEAST_WAIT_MS, Math.floor(planned)))
}

/** Keeps the credentials that the server accepted, and schedules their renewal. */
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

/** Settles the callers of this renewal, and starts another one for those that called since it began. */
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

/** Keeps the last accepted credentials, and retries the renewal until they expire. */
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

/** The application's function or the server did not reply in time. */
export function renewalTimeoutError(timeoutMs: number): RollcallError {
  return timeoutError('The renewal of the credentials', timeoutMs, 'The client keeps the last accepted ones.')
}

export function wait(
  state: Renewing,
  { ticket }: Extract<CredentialsEvent, { kind: 'requested' }>,
): CredentialsStep {
  return stay({ ...state, nextTickets: joinTickets(state.nextTickets, ticketsOf(ticket)) })
}
