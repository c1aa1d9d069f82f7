import { checkNameText, type Limits } from '@rollcall/shared-protocol'
import { withTimeout } from '../async/with-timeout'
import type { Clock } from '../io/clock'
import type { Mode } from '../io/mode'
import type { RandomSource } from '../io/random'
import type { HandshakeRefusal, HandshakeRequest } from '../io/wire'
import { type Logger, logFailure, type SampledLog } from '../log'
import { type Authenticate, anonymousIdentity, HandshakeError, type Identity, readIdentity } from './identity'

export interface IdentifyContext {
  readonly limits: Limits
  readonly clock: Clock
  readonly random: RandomSource
  readonly log: Logger
  /** Logs identities with an invalid id; sampled, because the user of such an account could fill the log. */
  readonly refusedIdentities: SampledLog
  readonly authenticate: Authenticate | null
  readonly authenticateTimeoutMs: number
  readonly allowAnonymous: boolean
  /** A function, because the mode may depend on the address that the server listens on. */
  readonly mode: () => Mode
}

/** Runs `authenticate` for a request. Never rejects, whatever `authenticate` throws. (S-13) */
export async function identify(
  request: HandshakeRequest,
  context: IdentifyContext,
): Promise<Identity | HandshakeRefusal> {
  const { authenticate, authenticateTimeoutMs, limits, clock, random, log } = context
  const isDevelopment = context.mode() === 'development'
  if (!authenticate) {
    if (!isDevelopment && !context.allowAnonymous) {
      const message =
        'A client was refused because this server cannot identify it: set the server option authenticate, or allowAnonymous.'
      log.error({ remoteAddress: request.remoteAddress }, message)
      return {
        status: 401,
        reason: 'unauthorized',
        message: 'This server does not accept clients that it cannot identify.',
      }
    }
    return anonymousIdentity(request.params, {
      trustUserId: isDevelopment,
      limits,
      mintGuestId: () => random.id(5),
    })
  }
  const onTimeout = () => {
    throw TIMED_OUT
  }
  try {
    const returned = await withTimeout(
      Promise.resolve(authenticate(request)),
      authenticateTimeoutMs,
      clock,
      onTimeout,
    )
    const identity = readIdentity(returned)
    return idRefusal(identity, context) ?? (isExpired(identity, clock) ? EXPIRED : identity)
  } catch (error) {
    const refusal = refusalIn(error)
    if (refusal) return refusal
    logFailure(log, error, { remoteAddress: request.remoteAddress }, 'authenticate failed')
    if (error === TIMED_OUT) {
      return {
        status: 504,
        reason: 'authenticate_timeout',
        message: 'The server could not check your credentials in time. Try again later.',
      }
    }
  }
  return {
    status: 500,
    reason: 'authenticate_failed',
    message: 'The server failed to check your credentials. Try again later.',
  }
}

/** Refuses an id with invalid text: other clients see it, and it appears in logs. A presence key's length is checked later. (S-41) */
function idRefusal({ id }: Identity, { refusedIdentities, clock }: IdentifyContext): HandshakeRefusal | null {
  const problem = checkNameText('The id of the identity', id)
  if (!problem) return null
  const refusal = { status: 403, reason: problem.code, message: problem.message }
  refusedIdentities.warn(refusal, clock.now())
  return refusal
}

/** Whether the identity's credentials have expired. */
export function isExpired({ expiresAtMs }: Identity, clock: Clock): boolean {
  return expiresAtMs !== undefined && expiresAtMs <= clock.timeMs()
}

/** Whole milliseconds until the credentials expire; null if they never do. */
export function expiresInMs({ expiresAtMs }: Identity, clock: Clock): number | null {
  if (expiresAtMs === undefined || expiresAtMs === Number.POSITIVE_INFINITY) return null
  return Math.max(0, Math.floor(expiresAtMs - clock.timeMs()))
}

/** Whether two identities are the same person. Guests get a new id per connection, so only a session's token tells them apart. */
export function isSameIdentity(before: Identity, now: Identity): boolean {
  return before.id === now.id || (before.isGuest === true && now.isGuest === true)
}

/** Returns the newer identity of the same person. A guest keeps the id of the session. */
export function withStableId(before: Identity, now: Identity): Identity {
  return before.id === now.id ? now : { ...now, id: before.id }
}

const EXPIRED: HandshakeRefusal = {
  status: 401,
  reason: 'token_expired',
  message: 'Your credentials have expired. Get new ones and reconnect.',
}

const TIMED_OUT = new Error('authenticate did not settle in time (server option authenticateTimeoutMs).')

/** Returns the refusal of a {@link HandshakeError}, or null for any other value. Some objects throw when they are inspected. */
function refusalIn(error: unknown): HandshakeRefusal | null {
  try {
    if (!(error instanceof HandshakeError)) return null
    const { status, reason, message } = error
    if (![401, 403, 503].includes(status)) return null
    return typeof reason === 'string' && typeof message === 'string' ? { status, reason, message } : null
  } catch {
    return null
  }
}
