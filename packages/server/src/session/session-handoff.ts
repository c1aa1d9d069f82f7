import type { Topic } from '@rollcall/shared-protocol'
import type { Clock, Timer } from '../io/clock'
import type { Logger } from '../log'
import type { Owner } from '../presence/owned-presences'
import type { SessionStore, StoredSession } from '../store/store'

/** The presences of this node, as a handoff uses them. */
export interface PresenceHandoff {
  handOff(owner: Owner): readonly Topic[]
  leaveUnlessAdopted(owner: Owner, topic: Topic): void
}

interface PendingHandoff {
  readonly topics: readonly Topic[]
  readonly timer: Timer
}

/** Sessions that other nodes have claimed, until those nodes have had the time to adopt their presences. */
export class SessionHandoff {
  readonly #clock: Clock
  readonly #presences: PresenceHandoff
  readonly #timeoutMs: number
  readonly #pending = new Map<string, PendingHandoff>()

  /** @param timeoutMs milliseconds that another node has to adopt the presences of a session that it has claimed */
  constructor(clock: Clock, presences: PresenceHandoff, timeoutMs: number) {
    this.#clock = clock
    this.#presences = presences
    this.#timeoutMs = timeoutMs
  }

  /** Another node has claimed the session. Presences that it does not adopt in time leave. */
  start(id: string): void {
    const earlier = this.#pending.get(id)?.topics ?? []
    this.#leaveLater(id, [...earlier, ...this.#presences.handOff(id)])
  }

  /** This node has claimed the session back. Its client now has the same time to rejoin here. */
  extend(id: string): void {
    const pending = this.#pending.get(id)
    if (pending) this.#leaveLater(id, pending.topics)
  }

  /** Call it when the node shuts down: the store then removes the presences that nobody adopts. */
  clear(): void {
    for (const { timer } of this.#pending.values()) timer.cancel()
    this.#pending.clear()
  }

  #leaveLater(id: string, topics: readonly Topic[]): void {
    this.#pending.get(id)?.timer.cancel()
    const timer = this.#clock.after(this.#timeoutMs, () => {
      this.#pending.delete(id)
      for (const topic of topics) this.#presences.leaveUnlessAdopted(id, topic)
    })
    this.#pending.set(id, { topics, timer })
  }
}

/** The new content of a claimed session, and the token for its client. */
export interface ClaimedSession {
  readonly session: StoredSession
  readonly token: string
}

/** Attempts to claim a session that other nodes write at the same time. */
const MAX_ATTEMPTS = 3

/** This node's sessions in the shared store, where any other node can claim them. */
export class SharedSessions {
  readonly #store: SessionStore
  readonly #log: Logger
  /** The latest content of sessions that the store may not have yet. */
  readonly #unsaved = new Map<string, StoredSession>()

  constructor(store: SessionStore, log: Logger) {
    this.#store = store
    this.#log = log
  }

  /** Saves a session. If the store is unreachable, {@link resave} tries again later. */
  save(session: StoredSession): void {
    this.#unsaved.set(session.id, session)
    this.#store.save(session).then(
      () => {
        if (this.#unsaved.get(session.id) === session) this.#unsaved.delete(session.id)
      },
      (error: unknown) =>
        this.#failed(
          error,
          session.id,
          'could not save a session in the store; it is saved again once the store is reachable',
        ),
    )
  }

  resave(): void {
    for (const session of [...this.#unsaved.values()]) this.save(session)
  }

  /** Another node has claimed the session, so this one must not save it again. */
  handOff(id: string): void {
    this.#unsaved.delete(id)
  }

  /** Removes a session that has ended. */
  forget(id: string): void {
    this.#unsaved.delete(id)
    this.#store.forget(id).catch((error: unknown) => {
      this.#failed(error, id, 'could not remove an ended session from the store; it expires there')
    })
  }

  /**
   * Claims a session for this node. `decide` returns its new content, or null to refuse. Resolves with null if `decide`
   * refuses or there is no such session. Rejects if the store is unreachable.
   */
  async claim(
    id: string,
    decide: (stored: StoredSession) => ClaimedSession | null,
  ): Promise<ClaimedSession | null> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const entry = await this.#store.read(id)
      const claimed = entry && decide(entry.session)
      if (!entry || !claimed) return null
      if (await this.#store.claim(claimed.session, entry.version)) return claimed
    }
    return null
  }

  #failed(error: unknown, sessionId: string, message: string): void {
    this.#log.warn({ err: error, sessionId }, message)
  }
}
