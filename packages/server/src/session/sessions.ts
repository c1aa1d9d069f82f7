import type { LeaveReason } from '@rollcall/shared-protocol'
import type { Clock } from '../io/clock'
import type { RandomSource } from '../io/random'
import { hashSecret, isSecret, type SecretHash } from '../io/secret'
import type { Identity } from './identity'
import { Session, type SessionContext, type SessionRequest } from './session'

export interface GraceOptions {
  /** Milliseconds that a session outlives a connection which was lost without a word. @default 10000 */
  readonly graceMs: number
  /** The same after its page went away (close code 1001): a reload comes back fast or not at all. @default 3000 */
  readonly pageGraceMs: number
}

export interface SessionsContext {
  readonly clock: Clock
  readonly random: RandomSource
  readonly grace: GraceOptions
}

interface Secrets {
  readonly current: SecretHash
  /** Good for the holder alone. */
  readonly previous: SecretHash | null
}

/** Bytes of chance in a token. */
const SECRET_BYTES = 24

/** The sessions of this node, and the tokens with which their clients come back. */
export class Sessions {
  readonly #context: SessionsContext
  readonly #ofSessions: SessionContext
  readonly #sessions = new Map<string, Session>()
  readonly #secrets = new Map<string, Secrets>()

  constructor(context: SessionsContext) {
    this.#context = context
    const { clock, grace } = context
    this.#ofSessions = { clock, claimMs: grace.graceMs, onGone: (gone) => this.#forget(gone) }
  }

  /** Sessions that are live or linger. */
  get size(): number {
    return this.#sessions.size
  }

  create(request: SessionRequest): Session {
    const session = new Session(this.#context.random.id(8), request, this.#ofSessions)
    this.#sessions.set(session.id, session)
    return session
  }

  /** A fresh secret with which this session can be resumed, `id.secret`. The server itself keeps only its hash. */
  issueToken(session: Session): string {
    const secret = this.#context.random.id(SECRET_BYTES)
    const earlier = this.#secrets.get(session.id)
    this.#secrets.set(session.id, { current: hashSecret(secret), previous: earlier?.current ?? null })
    return `${session.id}.${secret}`
  }

  /**
   * The session that a token names, now held by the new connection, and the token from here on; null where the session
   * is gone, the secret is wrong, or it belongs to somebody else.
   *
   * A program that did not hold the session last (a page that was loaded anew, a copy of its tab) gets another token,
   * so that the one before it can't take the session back; but the holder itself may have missed the answer that told
   * it, and is known by its instance.
   */
  resume(
    token: string,
    instance: string | undefined,
    { identity, dialect, outlet }: SessionRequest,
  ): { readonly session: Session; readonly token: string } | null {
    const dot = token.indexOf('.')
    const session = this.#sessions.get(token.slice(0, dot))
    const secrets = session && this.#secrets.get(session.id)
    if (!session || !secrets || session.dialect !== dialect) return null
    if (!isSamePerson(session.identity, identity)) return null
    const secret = token.slice(dot + 1)
    const isCurrent = isSecret(secret, secrets.current)
    const isHolder = session.isHeldBy(instance)
    const isPrevious = secrets.previous !== null && isSecret(secret, secrets.previous)
    if (!isCurrent && !(isPrevious && isHolder)) return null
    session.attach(outlet)
    return { session, token: isCurrent && isHolder ? token : this.issueToken(session) }
  }

  /** How long a session whose connection closed with this code is kept. */
  graceFor(session: Session, closeCode: number): number {
    const { graceMs, pageGraceMs } = this.#context.grace
    // Without a token nobody can come back. (S-6)
    if (!this.#secrets.has(session.id)) return 0
    if (closeCode === 1000) return 0
    return closeCode === 1001 ? Math.min(pageGraceMs, graceMs) : graceMs
  }

  endAll(reason: LeaveReason): void {
    for (const session of [...this.#sessions.values()]) session.end(reason)
  }

  #forget(session: Session): void {
    this.#sessions.delete(session.id)
    this.#secrets.delete(session.id)
  }
}

/** A guest has another made-up id with every connection: of two guests, the token alone tells. */
function isSamePerson(before: Identity, now: Identity): boolean {
  return before.id === now.id || (before.isGuest === true && now.isGuest === true)
}
