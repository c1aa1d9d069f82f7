import type { Logger } from '../log'
import type { SessionStore, StoredSession } from '../store/store'

/** What a session is from now on, and the token that says so to its client. */
export interface Claim {
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

  /** A store that is away is given it as soon as it is back: see {@link saveAgain}. */
  save(session: StoredSession): void {
    this.#unsaved.set(session.id, session)
    this.#store.save(session).then(
      () => {
        if (this.#unsaved.get(session.id) === session) this.#unsaved.delete(session.id)
      },
      (error: unknown) => this.#failed(error, session.id, 'a session could not be saved'),
    )
  }

  saveAgain(): void {
    for (const session of [...this.#unsaved.values()]) this.save(session)
  }

  /** It is not this node's any more. */
  drop(id: string): void {
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
  async claim(id: string, decide: (stored: StoredSession) => Claim | null): Promise<Claim | null> {
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
