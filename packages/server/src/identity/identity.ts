import { checkName, type Limits } from '@rollcall/shared-protocol'
import type { HandshakeRefusal, HandshakeRequest } from '../io/wire'

/** The authenticated user of a session. */
export interface Identity {
  /** Id of the user, and the default presence key. */
  readonly id: string
  /** Data of the application for its channels. The server never sends it to a client. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  /**
   * When the credentials expire, in Unix milliseconds. The session ends then, unless the client refreshes its credentials
   * first. Any later date is valid, even one beyond the longest timer. @default never
   */
  readonly expiresAtMs?: number | undefined
  /**
   * Whether the id was generated for an anonymous client. It changes with every connection; only the session's token shows
   * that two connections are the same client.
   */
  readonly isGuest?: boolean | undefined
}

/**
 * Identifies the user of a handshake. Throw or reject with a {@link HandshakeError} to refuse. Any other error is logged,
 * and the client gets status 500 without its message.
 */
export type Authenticate = (request: HandshakeRequest) => Identity | Promise<Identity>

/** 401 for invalid credentials, 403 for a user who may not connect, 503 for a temporary failure. */
export type HandshakeErrorStatus = 401 | 403 | 503

const DEFAULT_REASONS = { 401: 'unauthorized', 403: 'forbidden', 503: 'unavailable' } as const

/** Thrown by `authenticate` to refuse a handshake. The client receives its status, reason and message. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError'
  readonly status: HandshakeErrorStatus
  readonly reason: string

  constructor(status: HandshakeErrorStatus, message: string, reason: string = DEFAULT_REASONS[status]) {
    super(message)
    this.status = status
    this.reason = reason
  }
}

/**
 * Checks what `authenticate` returned, reading each field once. Throws a TypeError that names a field of the wrong type:
 * `isGuest: 'no'`, for example, would otherwise turn every user into a guest. (S-94)
 */
export function readIdentity(returned: unknown): Identity {
  if (typeof returned !== 'object' || returned === null || Array.isArray(returned)) {
    throw new TypeError(
      `authenticate must return an identity such as {id: 'ada'}, not ${typeName(returned)}.`,
    )
  }
  const { id, claims, expiresAtMs, isGuest }: { [K in keyof Identity]?: unknown } = returned
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

/** Names only the type, because the value may be a secret. */
function typeName(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`
}

/**
 * Identifies a client without `authenticate`: by its connect param `user_id` if `trustUserId` is set, and else as a guest.
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
