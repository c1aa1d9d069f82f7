import type { TabStorage } from '../io/session-storage'

/*
 *   page loads --restore--> token of the previous page, if there is one
 *   reply to hello --save--> memory and tab storage
 *   disconnect, replaced --clear--> neither
 *
 * The secret that resumes this client's session: from memory after a lost connection, from the tab's storage after a
 * reload. It is sent in hello and nowhere else: in no log, error or snapshot. (C-21)
 */

/** The storage names in use in this page. A second socket to the same address must not take the first one's session. */
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

  /** Reads the token of the previous page. Works once until {@link release}. */
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

  /** Call it when the session has ended, or continues in a duplicated tab with a copy of this storage. */
  clear(): void {
    const token = this.#token
    this.#token = null
    if (!this.#isRestored) return
    this.#attempt((storage) => {
      if (storage.getItem(this.#name) === token) storage.removeItem(this.#name)
    })
  }

  /** Clears the token, and lets another socket of this page use the name. */
  release(): void {
    this.clear()
    if (!this.#isRestored || this.#storage === null) return
    tokensInUse.get(this.#storage)?.delete(this.#name)
    this.#isRestored = false
  }

  /** With a storage that is full or forbidden, a reload does not resume the session. Nothing else changes. */
  #attempt<T>(use: (storage: TabStorage) => T): T | null {
    try {
      return this.#storage === null ? null : use(this.#storage)
    } catch {
      return null
    }
  }
}
