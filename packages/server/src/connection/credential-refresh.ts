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

export interface CredentialRefreshContext {
  readonly clock: Clock
  /** Whose credentials these are, or why they are not taken. Never rejects. */
  readonly identify: (request: HandshakeRequest) => Promise<Identity | HandshakeRefusal>
}

/** The connection over which new credentials come. */
export interface RefreshHolder {
  /** The session that it holds; null where it holds none any more. */
  readonly held: Session | null
  onRefreshed(ref: MessageRef, response: JsonObject): void
  /** `isOffence`: it was not for a failure of the server's. */
  onRefreshRefused(ref: MessageRef, problem: Fault, isOffence: boolean): void
}

/**
 * New credentials within a connection, one at a time and one that waits. Where they are refused the session stays as it
 * is, to the end of what it was begun with. (S-32) Each costs the application's code time: how often they may come, and
 * be refused, is bounded. (S-36, S-37)
 */
export class CredentialRefresh {
  readonly #handshake: HandshakeCopy
  readonly #context: CredentialRefreshContext
  readonly #holder: RefreshHolder
  readonly #queue = new SerialQueue(1)

  constructor(handshake: HandshakeCopy, context: CredentialRefreshContext, holder: RefreshHolder) {
    this.#handshake = handshake
    this.#context = context
    this.#holder = holder
  }

  take(message: RefreshMessage): void {
    const isTaken = this.#queue.push(async () => {
      if (!this.#holder.held) return
      const outcome = await this.#context.identify(handshakeWith(this.#handshake, message))
      // Another connection may hold the session by now, with credentials of its own.
      const session = this.#holder.held
      if (session) this.#renew(session, message, outcome)
    })
    if (!isTaken) this.#holder.onRefreshRefused(message.ref, tooManyRefreshes(), true)
  }

  #renew(session: Session, { ref, params }: RefreshMessage, outcome: Identity | HandshakeRefusal): void {
    if ('status' in outcome)
      return this.#holder.onRefreshRefused(ref, refusalFault(outcome), outcome.status < 500)
    if (!isSameIdentity(session.identity, outcome))
      return this.#holder.onRefreshRefused(ref, identityChanged(), true)
    const identity = withStableId(session.identity, outcome)
    session.renew(identity, packParams(params))
    const expires = expiresInMs(identity, this.#context.clock)
    this.#holder.onRefreshed(ref, { identity: { id: identity.id }, expires_in_ms: expires })
    session.reauthorize()
  }
}

/** They are refused for the reason for which a handshake would be. */
function refusalFault({ reason, message, retryAfterS }: HandshakeRefusal): Fault {
  const retry = retryAfterS === undefined ? {} : { retryAfterMs: retryAfterS * 1000 }
  return fault('unauthorized', message, { reason, ...retry })
}

function identityChanged(): Fault {
  const text =
    'These are the credentials of somebody else, and a session has one identity: connect anew with them.'
  return fault('unauthorized', text, { reason: 'identity_changed' })
}

function tooManyRefreshes(): Fault {
  const text =
    'Credentials are being looked at, and others wait already: one refresh at a time, and one more.'
  return fault('throttled', text, { retryAfterMs: 1000 })
}
