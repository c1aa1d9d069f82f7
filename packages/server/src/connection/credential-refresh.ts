import {
  type Fault,
  fault,
  type JsonObject,
  type MessageRef,
  type RefreshMessage,
} from '@rollcall/shared-protocol'
import { SerialQueue } from '../async/serial-queue'
import { type HandshakeCopy, handshakeWith, packParams } from '../identity/handshake-copy'
import { expiresInMs, isSameIdentity, withStableId } from '../identity/identify'
import type { Identity } from '../identity/identity'
import type { Clock } from '../io/clock'
import type { HandshakeRefusal, HandshakeRequest } from '../io/wire'
import type { Session } from '../session/session'

/** Resolves with the identity, or with the reason for a refusal. Never rejects. */
export type Identify = (request: HandshakeRequest) => Promise<Identity | HandshakeRefusal>

/** The connection that receives new credentials. */
export interface RefreshHolder {
  /** The session that the connection holds; null if it holds none any more. */
  readonly heldSession: Session | null
  onRefreshed(ref: MessageRef, response: JsonObject): void
  /** `isViolation` is false if the server itself has failed. */
  onRefreshRefused(ref: MessageRef, problem: Fault, isViolation: boolean): void
}

/**
 * Checks new credentials that come over an open connection, one at a time, with one more waiting. If they are refused, the
 * session stays as it is until its current credentials expire. (S-32) Each check runs code of the application, so refreshes
 * and refusals are rate limited. (S-36, S-37)
 */
export class CredentialRefresh {
  readonly #handshake: HandshakeCopy
  readonly #clock: Clock
  readonly #identify: Identify
  readonly #holder: RefreshHolder
  readonly #queue = new SerialQueue(1)

  constructor(handshake: HandshakeCopy, clock: Clock, identify: Identify, holder: RefreshHolder) {
    this.#handshake = handshake
    this.#clock = clock
    this.#identify = identify
    this.#holder = holder
  }

  receive(message: RefreshMessage): void {
    const isQueued = this.#queue.push(async () => {
      if (!this.#holder.heldSession) return
      const outcome = await this.#identify(handshakeWith(this.#handshake, message))
      // Another connection may have resumed the session meanwhile, with its own credentials.
      const session = this.#holder.heldSession
      if (session) this.#renew(session, message, outcome)
    })
    if (!isQueued) this.#holder.onRefreshRefused(message.ref, tooManyRefreshes(), true)
  }

  #renew(session: Session, { ref, params }: RefreshMessage, outcome: Identity | HandshakeRefusal): void {
    if ('status' in outcome)
      return this.#holder.onRefreshRefused(ref, refusalFault(outcome), outcome.status < 500)
    if (!isSameIdentity(session.identity, outcome))
      return this.#holder.onRefreshRefused(ref, identityChanged(), true)
    const identity = withStableId(session.identity, outcome)
    session.renew(identity, packParams(params))
    const expires = expiresInMs(identity, this.#clock)
    this.#holder.onRefreshed(ref, { identity: { id: identity.id }, expires_in_ms: expires })
    session.reauthorize()
  }
}

/** The same reason that a handshake with these credentials would get. */
function refusalFault({ reason, message, retryAfterS }: HandshakeRefusal): Fault {
  const retry = retryAfterS === undefined ? {} : { retryAfterMs: retryAfterS * 1000 }
  return fault('unauthorized', message, { reason, ...retry })
}

function identityChanged(): Fault {
  const text =
    'The new credentials belong to another identity, and a session keeps its identity. Reconnect with them.'
  return fault('unauthorized', text, { reason: 'identity_changed' })
}

function tooManyRefreshes(): Fault {
  const text = 'One refresh of credentials is running and another is already waiting. Try again later.'
  return fault('throttled', text, { retryAfterMs: 1000 })
}
