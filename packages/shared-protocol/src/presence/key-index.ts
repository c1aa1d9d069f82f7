import type { Key, PresenceRef } from '../ids'

/**
 * Refs of presences by key. Updates do not touch it. Nearly every key has one presence, so a single ref is stored without
 * a set. Keys with several refs use a set, because an array would cost quadratic time for a crowd under one key.
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

  /** The key's refs, oldest first. */
  of(key: Key): readonly PresenceRef[] {
    const held = this.#held.get(key)
    if (held === undefined) return []
    return typeof held === 'string' ? [held] : [...held]
  }

  /** Adds a ref that the key does not have yet. Returns whether the key was absent before. */
  put(key: Key, ref: PresenceRef): boolean {
    const held = this.#held.get(key)
    if (held === undefined) this.#held.set(key, ref)
    else if (typeof held !== 'string') held.add(ref)
    else this.#held.set(key, new Set([held, ref]))
    return held === undefined
  }

  /** Removes a ref that the key has. Returns whether the key is absent now. */
  drop(key: Key, ref: PresenceRef): boolean {
    const held = this.#held.get(key)
    if (held instanceof Set) {
      held.delete(ref)
      if (held.size > 0) return false
    }
    this.#held.delete(key)
    return true
  }

  /** Moves a ref that the key has to the end. */
  moveLast(key: Key, ref: PresenceRef): void {
    const held = this.#held.get(key)
    if (!(held instanceof Set)) return
    held.delete(ref)
    held.add(ref)
  }
}
