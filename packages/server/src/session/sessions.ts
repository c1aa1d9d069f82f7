import type { LeaveReason } from '@rollcall/shared-protocol'
import { withTimeout } from '../async/with-timeout'
import { isSameIdentity, withStableId } from '../identity/identify'
import type { Clock } from '../io/clock'
import type { RandomSource } from '../io/random'
import { hashSecret, isSecret, type SecretHash } from '../io/random'
import type { Logger } from '../log'
import type { SessionStore, StoredSession } from '../store/store'
import { Session, type SessionContext, type SessionRequest } from './session'
import { type ClaimedSession, type PresenceHandoff, SessionHandoff, SharedSessions } from './session-handoff'

/*
 *   hello with a token --resume--> a session of this node
 *                        `------> resumeElsewhere: the store --claim--> begun here under the same id
 *   another node's claim --taken--> yield: its connection closes, its presences stay for that node to adopt
 */

/** Close code with which a client says that its page was closed, left or reloaded. */
export const UNLOADED_CODE = 4006

export interface GraceOptions {
  /** Milliseconds that a session outlives a connection which was lost without a word. @default 10000 */
  readonly graceMs: number
  /** The same after its page was unloaded (close code 4006): a reload comes back fast or not at all. @default 3000 */
  readonly pageGraceMs: number
}

/** What there is where nodes share a store. */
export interface SharedContext {
  readonly store: SessionStore
  readonly presences: PresenceHandoff
  /** Milliseconds that the store has to find a session. */
  readonly resumeTimeoutMs: number
}

export interface SessionsContext {
  readonly clock: Clock
  readonly random: RandomSource
  readonly log: Logger
  readonly grace: GraceOptions
  /** Null where the sessions are this node's alone. */
  readonly shared: SharedContext | null
}

/** A session that goes on, and the token from here on. */
export interface Resumed {
  readonly session: Session
  readonly token: string
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
  readonly #shared: SharedSessions | null
  readonly #given: SessionHandoff | null

  constructor(context: SessionsContext) {
    this.#context = context
    const { clock, grace, shared, log } = context
    this.#ofSessions = { clock, rejoinTimeoutMs: grace.graceMs, onGone: (gone) => this.#ended(gone) }
    this.#shared = shared && new SharedSessions(shared.store, log)
    const { presences } = shared ?? {}
    this.#given = presences ? new SessionHandoff({ clock, presences, timeoutMs: grace.graceMs }) : null
  }

  /** Sessions that are live or linger. */
  get size(): number {
    return this.#sessions.size
  }

  /** Whether a session that is not here may be another node's. */
  get isShared(): boolean {
    return this.#shared !== null
  }

  create(request: SessionRequest): Session {
    const session = new Session(this.#context.random.id(8), request, this.#ofSessions)
    this.#sessions.set(session.id, session)
    return session
  }

  /**
   * Names the program that holds the session, and issues a fresh token with which it can be resumed, `id.secret`. The
   * server itself keeps only a hash of the secret.
   */
  issueToken(session: Session, instance: string | undefined): string {
    session.setInstance(instance)
    const { secret, secrets } = this.#freshSecret(this.#secrets.get(session.id)?.current ?? null)
    this.#keep(session, secrets)
    return `${session.id}.${secret}`
  }

  /**
   * The session of this node that a token names, now held by the new connection, and the token from here on; null where
   * the session is gone, the secret is wrong, or it belongs to somebody else.
   *
   * A program that did not hold the session last (a page that was loaded anew, a copy of its tab) gets another token,
   * so that the one before it can't take the session back; but the holder itself may have missed the answer that told
   * it, and is known by its instance.
   */
  resume(token: string, instance: string | undefined, request: SessionRequest): Resumed | null {
    const { id, secret } = partsOf(token)
    const session = this.#sessions.get(id)
    const secrets = session && this.#secrets.get(id)
    if (!session || !secrets || session.dialect !== request.dialect) return null
    if (!isSameIdentity(session.identity, request.identity)) return null
    const isHolder = session.isSameInstance(instance)
    const fit = matchSecret(secret, secrets, isHolder)
    if (!fit) return null
    session.renew(withStableId(session.identity, request.identity), request.params)
    session.attach(request.outlet)
    if (fit !== 'current' || !isHolder) return { session, token: this.issueToken(session, instance) }
    session.setInstance(instance)
    return { session, token }
  }

  /**
   * The same of a session that another node holds, or held: it begins here under the same id, and its joins take over
   * its presences. Null, too, where the store does not answer in time. Never rejects.
   */
  async resumeByClaim(
    token: string,
    instance: string | undefined,
    request: SessionRequest,
  ): Promise<Resumed | null> {
    const { shared, clock, log } = this.#context
    if (!shared || !this.#shared) return null
    const { id, secret } = partsOf(token)
    let isLate = false
    const claiming = this.#shared.claim(id, (stored) =>
      this.#decide(stored, { token, secret }, instance, request),
    )
    const begun = claiming.then((claim) => {
      if (!claim) return null
      if (!isLate) return this.#startClaimed(claim, request)
      // Nobody waits for it any more: its client has another session by now.
      if (!this.#sessions.has(id)) this.#shared?.forget(id)
      return null
    })
    try {
      return await withTimeout(begun, shared.resumeTimeoutMs, clock, () => {
        isLate = true
        log.warn({ sessionId: id }, 'the store did not find a session in time')
        return null
      })
    } catch (error) {
      log.warn({ err: error, sessionId: id }, 'the store could not be asked for a session')
      // It may be this node's by now, and nobody would know.
      if (!this.#sessions.has(id)) this.#shared.forget(id)
      return null
    }
  }

  /** Another node goes on with a session of this one. */
  handOff(id: string): void {
    this.#shared?.handOff(id)
    const session = this.#sessions.get(id)
    if (!session) return
    this.#handOff(session)
    this.#given?.start(id)
  }

  /** The store is back: it is told what it missed. */
  resave(): void {
    this.#shared?.resave()
  }

  /** How long a session whose connection closed with this code is kept. */
  graceFor(session: Session, closeCode: number): number {
    const { graceMs, pageGraceMs } = this.#context.grace
    // Without a token nobody can come back. (S-6)
    if (!this.#secrets.has(session.id)) return 0
    if (closeCode === 1000) return 0
    return closeCode === UNLOADED_CODE ? Math.min(pageGraceMs, graceMs) : graceMs
  }

  /** Ends those that `isMeant` says. */
  endWhere(isMeant: (session: Session) => boolean, reason: LeaveReason): void {
    for (const session of [...this.#sessions.values()].filter(isMeant)) session.end(reason)
  }

  endAll(reason: LeaveReason): void {
    this.endWhere(() => true, reason)
  }

  /** Leaves those that can be resumed to the other nodes, and ends the rest. */
  disconnectAll(): void {
    for (const session of [...this.#sessions.values()]) {
      if (this.#secrets.has(session.id)) this.#handOff(session)
      else session.end('drained')
    }
    this.#given?.clear()
  }

  #decide(
    stored: StoredSession,
    { token, secret }: { readonly token: string; readonly secret: string },
    instance: string | undefined,
    { identity, dialect }: SessionRequest,
  ): ClaimedSession | null {
    const owner = { id: stored.identityId, isGuest: stored.isGuest }
    if (stored.dialect !== dialect.name || !isSameIdentity(owner, identity)) return null
    const named = instance ?? null
    const isHolder = stored.instance === named
    const fit = matchSecret(secret, stored, isHolder)
    if (!fit) return null
    if (fit === 'current' && isHolder) return { session: stored, token }
    const fresh = this.#freshSecret(stored.current)
    const session = { ...stored, instance: named, ...fresh.secrets }
    return { session, token: `${stored.id}.${fresh.secret}` }
  }

  #startClaimed({ session: stored, token }: ClaimedSession, request: SessionRequest): Resumed {
    const { id, identityId, current, previous } = stored
    // One that is here still, because nobody told us that it went elsewhere.
    const stale = this.#sessions.get(id)
    if (stale) this.handOff(id)
    // Of a guest, the session is what knows who it is.
    const identity = stored.isGuest ? withStableId({ id: identityId }, request.identity) : request.identity
    const session = new Session(id, { ...request, identity }, this.#ofSessions, 'moved')
    session.setInstance(stored.instance ?? undefined)
    this.#sessions.set(id, session)
    this.#secrets.set(id, { current, previous })
    this.#given?.extend(id)
    return { session, token }
  }

  #freshSecret(earlier: SecretHash | null): { readonly secret: string; readonly secrets: Secrets } {
    const secret = this.#context.random.id(SECRET_BYTES)
    return { secret, secrets: { current: hashSecret(secret), previous: earlier } }
  }

  #keep(session: Session, secrets: Secrets): void {
    const { id, identity, dialect, instance = null } = session
    this.#secrets.set(id, secrets)
    const { id: identityId, isGuest = false } = identity
    this.#shared?.save({ id, identityId, isGuest, dialect: dialect.name, instance, ...secrets })
  }

  #handOff(session: Session): void {
    session.handOff()
    this.#sessions.delete(session.id)
    this.#secrets.delete(session.id)
  }

  #ended({ id }: Session): void {
    if (this.#secrets.has(id)) this.#shared?.forget(id)
    this.#sessions.delete(id)
    this.#secrets.delete(id)
  }
}

/** The session that a token names, whether there is one or not. */
export function sessionIdOf(token: string): string {
  return partsOf(token).id
}

function partsOf(token: string): { readonly id: string; readonly secret: string } {
  const dot = token.indexOf('.')
  return { id: token.slice(0, dot), secret: token.slice(dot + 1) }
}

/** Which of the two secrets it is; null where it is neither, or not good for this program. */
function matchSecret(secret: string, secrets: Secrets, isHolder: boolean): 'current' | 'previous' | null {
  const isCurrent = isSecret(secret, secrets.current)
  const isPrevious = secrets.previous !== null && isSecret(secret, secrets.previous)
  if (!isCurrent && !(isPrevious && isHolder)) return null
  return isCurrent ? 'current' : 'previous'
}
