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
 *   hello with a token --resume--------> a session of this node
 *                        `-resumeByClaim-> the store --claim--> a session with the same id starts here
 *   another node's claim --handOff--> the connection closes; the presences stay for that node to adopt
 */

/** The close code that a client sends when its page is closed, left or reloaded. */
export const UNLOADED_CODE = 4006

export interface GraceOptions {
  /** Milliseconds that a session outlives a connection which ended without a goodbye. @default 10000 */
  readonly graceMs: number
  /** The same after the page was unloaded (close code 4006), as a reload comes back fast or not at all. @default 3000 */
  readonly pageGraceMs: number
}

/** The parts of a shared store that sessions use. */
export interface SharedContext {
  readonly store: SessionStore
  readonly presences: PresenceHandoff
  /** Milliseconds that a claim may take. */
  readonly resumeTimeoutMs: number
}

export interface SessionsContext {
  readonly clock: Clock
  readonly random: RandomSource
  readonly log: Logger
  readonly grace: GraceOptions
  /** Null if this node shares no store. */
  readonly shared: SharedContext | null
}

/** A resumed session, and the token for its next resume. */
export interface Resumed {
  readonly session: Session
  readonly token: string
}

interface Secrets {
  readonly current: SecretHash
  /** Resumes the session only for the program that held it last. */
  readonly previous: SecretHash | null
}

/** Random bytes in a token. */
const SECRET_BYTES = 24

/** The sessions of this node, and the tokens that resume them. */
export class Sessions {
  readonly #context: SessionsContext
  readonly #sessionContext: SessionContext
  readonly #sessions = new Map<string, Session>()
  readonly #secrets = new Map<string, Secrets>()
  readonly #shared: SharedSessions | null
  readonly #handoff: SessionHandoff | null

  constructor(context: SessionsContext) {
    this.#context = context
    const { clock, grace, shared, log } = context
    this.#sessionContext = { clock, rejoinTimeoutMs: grace.graceMs, onGone: (gone) => this.#ended(gone) }
    this.#shared = shared && new SharedSessions(shared.store, log)
    const { presences } = shared ?? {}
    this.#handoff = presences ? new SessionHandoff(clock, presences, grace.graceMs) : null
  }

  /** Sessions that are live or disconnected. */
  get size(): number {
    return this.#sessions.size
  }

  /** Whether other nodes may hold sessions that this one does not have. */
  get isShared(): boolean {
    return this.#shared !== null
  }

  create(request: SessionRequest): Session {
    const session = new Session(this.#context.random.id(8), request, this.#sessionContext)
    this.#sessions.set(session.id, session)
    return session
  }

  /**
   * Records the program that holds the session, and issues a fresh token, `id.secret`, for its next resume. The server
   * keeps only a hash of the secret.
   */
  issueToken(session: Session, instance: string | undefined): string {
    session.setInstance(instance)
    const { secret, secrets } = this.#freshSecret(this.#secrets.get(session.id)?.current ?? null)
    this.#setSecrets(session, secrets)
    return `${session.id}.${secret}`
  }

  /**
   * Resumes a session of this node for a new connection. Returns null if the session is gone, the secret is wrong, or it
   * belongs to another identity.
   *
   * A program that did not hold the session last (a reloaded page, a copy of its tab) gets a new token, so that the
   * former program cannot take the session back. The last holder may have missed the reply with its newest token, so
   * for the same instance the previous secret works too.
   */
  resume(token: string, instance: string | undefined, request: SessionRequest): Resumed | null {
    const { id, secret } = partsOf(token)
    const session = this.#sessions.get(id)
    const secrets = session && this.#secrets.get(id)
    if (!session || !secrets || session.dialect !== request.dialect) return null
    if (!isSameIdentity(session.identity, request.identity)) return null
    const isHolder = session.isSameInstance(instance)
    const match = matchSecret(secret, secrets, isHolder)
    if (!match) return null
    session.renew(withStableId(session.identity, request.identity), request.params)
    session.attach(request.outlet)
    if (match !== 'current' || !isHolder) return { session, token: this.issueToken(session, instance) }
    session.setInstance(instance)
    return { session, token }
  }

  /**
   * Resumes a session of another node: claims it in the store and starts it here with the same id. Its joins then adopt
   * its presences. Resolves with null for the same reasons as {@link resume}, and if the store takes too long. Never
   * rejects.
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
    const resuming = claiming.then((claimed) => {
      if (!claimed) return null
      if (!isLate) return this.#startClaimed(claimed, request)
      // The client has got another session meanwhile.
      if (!this.#sessions.has(id)) this.#shared?.forget(id)
      return null
    })
    try {
      return await withTimeout(resuming, shared.resumeTimeoutMs, clock, () => {
        isLate = true
        log.warn(
          { sessionId: id, resumeTimeoutMs: shared.resumeTimeoutMs },
          'the store took too long to claim a session; its client gets a new one',
        )
        return null
      })
    } catch (error) {
      log.warn(
        { err: error, sessionId: id },
        'could not claim a session in the store; its client gets a new one',
      )
      // The store may have applied the claim before the error.
      if (!this.#sessions.has(id)) this.#shared.forget(id)
      return null
    }
  }

  /** Another node has claimed a session of this one. */
  handOff(id: string): void {
    this.#shared?.handOff(id)
    const session = this.#sessions.get(id)
    if (!session) return
    this.#handOff(session)
    this.#handoff?.start(id)
  }

  /** Call it when the store is reachable again. Saves the sessions that the store has missed. */
  resave(): void {
    this.#shared?.resave()
  }

  /** Milliseconds that a session outlives a connection which closed with this code. */
  graceFor(session: Session, closeCode: number): number {
    const { graceMs, pageGraceMs } = this.#context.grace
    // Without a token, no client can resume the session. (S-6)
    if (!this.#secrets.has(session.id)) return 0
    if (closeCode === 1000) return 0
    return closeCode === UNLOADED_CODE ? Math.min(pageGraceMs, graceMs) : graceMs
  }

  /** Ends the sessions that match. */
  endWhere(isMatch: (session: Session) => boolean, reason: LeaveReason): void {
    for (const session of [...this.#sessions.values()].filter(isMatch)) session.end(reason)
  }

  endAll(reason: LeaveReason): void {
    this.endWhere(() => true, reason)
  }

  /** Hands off the sessions that a client can resume, and ends the others. */
  disconnectAll(): void {
    for (const session of [...this.#sessions.values()]) {
      if (this.#secrets.has(session.id)) this.#handOff(session)
      else session.end('drained')
    }
    this.#handoff?.clear()
  }

  #decide(
    stored: StoredSession,
    { token, secret }: { readonly token: string; readonly secret: string },
    instance: string | undefined,
    { identity, dialect }: SessionRequest,
  ): ClaimedSession | null {
    const owner = { id: stored.identityId, isGuest: stored.isGuest }
    if (stored.dialect !== dialect.name || !isSameIdentity(owner, identity)) return null
    const holder = instance ?? null
    const isHolder = stored.instance === holder
    const match = matchSecret(secret, stored, isHolder)
    if (!match) return null
    if (match === 'current' && isHolder) return { session: stored, token }
    const fresh = this.#freshSecret(stored.current)
    const session = { ...stored, instance: holder, ...fresh.secrets }
    return { session, token: `${stored.id}.${fresh.secret}` }
  }

  #startClaimed({ session: stored, token }: ClaimedSession, request: SessionRequest): Resumed {
    const { id, identityId, current, previous } = stored
    // This node may still have the session if it missed that another node claimed it.
    const stale = this.#sessions.get(id)
    if (stale) this.handOff(id)
    // A guest's id comes from the session, as the credentials of a guest name none.
    const identity = stored.isGuest ? withStableId({ id: identityId }, request.identity) : request.identity
    const session = new Session(id, { ...request, identity }, this.#sessionContext, 'transferred')
    session.setInstance(stored.instance ?? undefined)
    this.#sessions.set(id, session)
    this.#secrets.set(id, { current, previous })
    this.#handoff?.extend(id)
    return { session, token }
  }

  #freshSecret(earlier: SecretHash | null): { readonly secret: string; readonly secrets: Secrets } {
    const secret = this.#context.random.id(SECRET_BYTES)
    return { secret, secrets: { current: hashSecret(secret), previous: earlier } }
  }

  #setSecrets(session: Session, secrets: Secrets): void {
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

/** The session id in a token. The session need not exist. */
export function sessionIdOf(token: string): string {
  return partsOf(token).id
}

function partsOf(token: string): { readonly id: string; readonly secret: string } {
  const dot = token.indexOf('.')
  return { id: token.slice(0, dot), secret: token.slice(dot + 1) }
}

/** Returns which secret matches, or null. The previous one matches only for the program that held the session last. */
function matchSecret(secret: string, secrets: Secrets, isHolder: boolean): 'current' | 'previous' | null {
  const isCurrent = isSecret(secret, secrets.current)
  const isPrevious = secrets.previous !== null && isSecret(secret, secrets.previous)
  if (!isCurrent && !(isPrevious && isHolder)) return null
  return isCurrent ? 'current' : 'previous'
}
