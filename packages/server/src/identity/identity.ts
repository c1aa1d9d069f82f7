import { checkName, type Limits } from '@rollcall/shared-protocol'
import type { HandshakeRefusal, HandshakeRequest } from '../io/wire'

/** Who the server believes a session is. */
export interface Identity {
  /** The presence key, unless a channel says otherwise. */
  readonly id: string
  /** The application's own, for its channels to read. Never sent to anybody. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  /**
   * When what proved it will not be taken any more, in Unix milliseconds; without it, never. The session ends then, unless
   * its client has brought something newer. It may be later than a timer can wait for.
   */
  readonly expiresAtMs?: number | undefined
  /**
   * Made up for somebody whom nobody vouched for, and another one with every connection: only the session's token
   * tells that they are the same.
   */
  readonly isGuest?: boolean | undefined
}

/**
 * Tells who is connecting, or throws (or rejects with) a {@link HandshakeError} to refuse. Any other error refuses
 * with 500, is logged, and tells the peer nothing.
 */
export type Authenticate = (request: HandshakeRequest) => Identity | Promise<Identity>

/** Unknown, not allowed, or not to be told at the moment: the client may try again. */
export type HandshakeErrorStatus = 401 | 403 | 503

const USUAL_REASONS = { 401: 'unauthorized', 403: 'forbidden', 503: 'unavailable' } as const

/** A handshake is refused on purpose; the peer is told the status and the message. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError'
  readonly status: HandshakeErrorStatus
  readonly reason: string

  constructor(status: HandshakeErrorStatus, message: string, reason: string = USUAL_REASONS[status]) {
    super(message)
    this.status = status
    this.reason = reason
  }
}

/**
 * The identity that `authenticate` returned, each field read once. Throws a TypeError that names the field where one has
 * the wrong type: `isGuest: 'no'` would make a guest of everybody, who share one account. (S-94)
 */
export function readIdentity(given: unknown): Identity {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(`authenticate must return an identity such as {id: 'ada'}, not ${typeName(given)}.`)
  }
  const { id, claims, expiresAtMs, isGuest }: { [K in keyof Identity]?: unknown } = given
  if (typeof id !== 'string' || id === '') {
    throw mistyped('id', 'a non-empty string', id === '' ? 'an empty string' : typeName(id))
  }
  if (!isOptionalObject(claims)) throw mistyped('claims', 'an object', typeName(claims))
  if (expiresAtMs !== undefined && (typeof expiresAtMs !== 'number' || Number.isNaN(expiresAtMs))) {
    const got = typeof expiresAtMs === 'number' ? 'NaN' : typeName(expiresAtMs)
    throw mistyped('expiresAtMs', 'a number of Unix milliseconds', got)
  }
  if (isGuest !== undefined && typeof isGuest !== 'boolean') {
    throw mistyped('isGuest', 'true or false', typeName(isGuest))
  }
  return { id, claims, expiresAtMs, isGuest }
}

function isOptionalObject(value: unknown): value is Record<string, unknown> | undefined {
  return value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value))
}

function mistyped(field: keyof Identity, takes: string, got: string): TypeError {
  return new TypeError(`authenticate returned an identity whose ${field} must be ${takes}, not ${got}.`)
}

/** The type alone: a value may be something that belongs in no log. */
function typeName(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`
}

/**
 * Identities without proof: the connect param `user_id` taken at its word where that is allowed, else a guest. For
 * development, and for servers whose visitors really are anonymous.
 */
export function anonymousIdentity(
  params: ReadonlyMap<string, string>,
  options: { readonly trustUserId: boolean; readonly limits: Limits; readonly mintGuestId: () => string },
): Identity | HandshakeRefusal {
  const userId = options.trustUserId ? params.get('user_id') : undefined
  if (userId === undefined || userId === '') return { id: `guest-${options.mintGuestId()}`, isGuest: true }
  const problem = checkName('The connect param user_id', userId, 'keyBytes', options.limits)
  return problem ? { status: 400, reason: problem.code, message: problem.message } : { id: userId }
}
