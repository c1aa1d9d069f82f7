import type { TabStorage } from '../io/session-storage'

/*
 *   page loads --claim--> token of the page before, if there is one
 *   hello answered --keep--> memory and tab storage
 *   disconnect, replaced --forget--> neither
 *
 * The secret with which this client comes back to its session: after a lost connection from memory, after a reload of
 * the page from the tab's storage. It goes into the hello and nowhere else: no log, no error, no snapshot.
 */

/** Names in use in this page. Two sockets to one address must not take each other's session over. */
const tokensInUse = new WeakMap<TabStorage, Set<string>>()

export class SessionToken {
  readonly #storage: TabStorage | null
  readonly #name: string
  #isRestored = false
  #token: string | null = null

  constructor(storage: TabStorage | null, address: string) {
    this.#storage = storage
    this.#name = `rollcall:session:${address}`
  }

  get current(): string | null {
    return this.#token
  }

  /** Takes up what the page before left behind. Once, until {@link release}. */
  restore(): void {
    if (this.#storage === null || this.#isRestored) return
    const names = tokensInUse.get(this.#storage) ?? new Set<string>()
    if (names.has(this.#name)) return
    tokensInUse.set(this.#storage, names.add(this.#name))
    this.#isRestored = true
    this.#token = this.#attempt((storage) => storage.getItem(this.#name))
  }

  save(token: string): void {
    this.#token = token
    if (this.#isRestored) this.#attempt((storage) => storage.setItem(this.#name, token))
  }

  /** The session is over, or somebody else's: a copy of this tab's storage, that of a duplicated tab, has it now. */
  clear(): void {
    const token = this.#token
    this.#token = null
    if (!this.#isRestored) return
    this.#attempt((storage) => {
      if (storage.getItem(this.#name) === token) storage.removeItem(this.#name)
    })
  }

  /** Forgets, and lets another socket of this page have the name. */
  release(): void {
    this.clear()
    if (!this.#isRestored || this.#storage === null) return
    tokensInUse.get(this.#storage)?.delete(this.#name)
    this.#isRestored = false
  }

  /** A storage that is full or forbidden costs the reload its resume, and nothing else. */
  #attempt<T>(use: (storage: TabStorage) => T): T | null {
    try {
      return this.#storage === null ? null : use(this.#storage)
    } catch {
      return null
    }
  }
}
