import type { Topic } from '@rollcall/shared-protocol'
import type { Clock, Timer } from '../io/clock'
import type { Logger } from '../log'
import type { Owner } from '../presence/owned-presences'
import type { SessionStore, StoredSession } from '../store/store'

/** What sessions that nodes take from each other need of the presences. */
export interface PresenceHandoff {
  handOff(owner: Owner): readonly Topic[]
  leaveUnlessAdopted(owner: Owner, topic: Topic): void
}

export interface SessionHandoffContext {
  readonly clock: Clock
  readonly presences: PresenceHandoff
  /** Milliseconds that another node has to adopt the presences of a session that it has taken. */
  readonly timeoutMs: number
}

interface PendingHandoff {
  readonly topics: readonly Topic[]
  readonly timer: Timer
}

/** Sessions that other nodes go on with, as long as some of their presences may not have been adopted. */
export class SessionHandoff {
  readonly #context: SessionHandoffContext
  readonly #pending = new Map<string, PendingHandoff>()

  constructor(context: SessionHandoffContext) {
    this.#context = context
  }

  /** Another node has it now. What that node does not adopt in time leaves. */
  start(id: string): void {
    const earlier = this.#pending.get(id)?.topics ?? []
    this.#leaveLater(id, [...earlier, ...this.#context.presences.handOff(id)])
  }

  /** It is back: it has that time anew, here. */
  extend(id: string): void {
    const given = this.#pending.get(id)
    if (given) this.#leaveLater(id, given.topics)
  }

  /** Nothing of it is this node's business any more. */
  clear(): void {
    for (const { timer } of this.#pending.values()) timer.cancel()
    this.#pending.clear()
  }

  #leaveLater(id: string, topics: readonly Topic[]): void {
    const { clock, timeoutMs, presences } = this.#context
    this.#pending.get(id)?.timer.cancel()
    const timer = clock.after(timeoutMs, () => {
      this.#pending.delete(id)
      for (const topic of topics) presences.leaveUnlessAdopted(id, topic)
    })
    this.#pending.set(id, { topics, timer })
  }
}

/** What a session is from now on, and the token that says so to its client. */
export interface ClaimedSession {
  readonly session: StoredSession
  readonly token: string
}

/** How often a claim is tried anew that somebody else's write came in between of. */
const MAX_TRIES = 3

/** This node's sessions in the store that it shares, so that any other node can go on with them. */
export class SharedSessions {
  readonly #store: SessionStore
  readonly #log: Logger
  /** What the store may not have yet: the latest of each. */
  readonly #unsaved = new Map<string, StoredSession>()

  constructor(store: SessionStore, log: Logger) {
    this.#store = store
    this.#log = log
  }

  /** A store that is away is given it as soon as it is back: see {@link resave}. */
  save(session: StoredSession): void {
    this.#unsaved.set(session.id, session)
    this.#store.save(session).then(
      () => {
        if (this.#unsaved.get(session.id) === session) this.#unsaved.delete(session.id)
      },
      (error: unknown) => this.#failed(error, session.id, 'a session could not be saved'),
    )
  }

  resave(): void {
    for (const session of [...this.#unsaved.values()]) this.save(session)
  }

  /** It is not this node's any more. */
  handOff(id: string): void {
    this.#unsaved.delete(id)
  }

  /** It is over. */
  forget(id: string): void {
    this.#unsaved.delete(id)
    this.#store.forget(id).catch((error: unknown) => {
      this.#failed(error, id, 'a session could not be forgotten')
    })
  }

  /**
   * Makes a session this node's, where `decide` says how it goes on. Null where it says no, and where there is none.
   * Rejects where the store cannot be asked.
   */
  async claim(
    id: string,
    decide: (stored: StoredSession) => ClaimedSession | null,
  ): Promise<ClaimedSession | null> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const entry = await this.#store.read(id)
      const claim = entry && decide(entry.session)
      if (!entry || !claim) return null
      if (await this.#store.claim(claim.session, entry.version)) return claim
    }
    return null
  }

  #failed(error: unknown, sessionId: string, what: string): void {
    this.#log.warn({ err: error, sessionId }, what)
  }
}
