import type { Key, PresenceRef } from '../ids'

/**
 * Refs of presences by key, so that an update need not touch it. Nearly every key has one presence, so that one ref is
 * held as it is; a set is made for the key that has several. An array per key would make a crowd under one key (every
 * guest, say) cost its square.
 */
export class KeyIndex {
  readonly #held = new Map<Key, PresenceRef | Set<PresenceRef>>()

  /** Keys with at least one presence. */
  get size(): number {
    return this.#held.size
  }

  has(key: Key): boolean {
    return this.#held.has(key)
  }

  keys(): IterableIterator<Key> {
    return this.#held.keys()
  }

  /** The key's refs in the order in which they came. */
  of(key: Key): readonly PresenceRef[] {
    const held = this.#held.get(key)
    if (held === undefined) return []
    return typeof held === 'string' ? [held] : [...held]
  }

  /** Whether the key was absent before. The ref must not be held under it. */
  put(key: Key, ref: PresenceRef): boolean {
    const held = this.#held.get(key)
    if (held === undefined) this.#held.set(key, ref)
    else if (typeof held !== 'string') held.add(ref)
    else this.#held.set(key, new Set([held, ref]))
    return held === undefined
  }

  /** Whether the key is absent now. The ref must be held under it. */
  drop(key: Key, ref: PresenceRef): boolean {
    const held = this.#held.get(key)
    if (held instanceof Set) {
      held.delete(ref)
      if (held.size > 0) return false
    }
    this.#held.delete(key)
    return true
  }

  /** Makes a ref that is held the last of its key's. */
  moveLast(key: Key, ref: PresenceRef): void {
    const held = this.#held.get(key)
    if (!(held instanceof Set)) return
    held.delete(ref)
    held.add(ref)
  }
}
