import type { Key, PresenceRef } from '../ids'
import type { Presence } from './types'

/**
 * Presences by key. Nearly every key has one presence, so that one is held as it is; a map is made for the key that
 * has several. An array per key would make a crowd under one key (every guest, say) cost its square.
 */
export class KeyIndex<M> {
  readonly #held = new Map<Key, Presence<M> | Map<PresenceRef, Presence<M>>>()

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

  /** The key's presences in the order in which they came. */
  of(key: Key): readonly Presence<M>[] {
    const held = this.#held.get(key)
    if (held === undefined) return []
    return held instanceof Map ? [...held.values()] : [held]
  }

  put(presence: Presence<M>): void {
    const held = this.#held.get(presence.key)
    if (held instanceof Map) held.set(presence.ref, presence)
    else if (held === undefined || held.ref === presence.ref) this.#held.set(presence.key, presence)
    else {
      this.#held.set(
        presence.key,
        new Map([
          [held.ref, held],
          [presence.ref, presence],
        ]),
      )
    }
  }

  drop(presence: Presence<M>): void {
    const held = this.#held.get(presence.key)
    if (held instanceof Map) {
      held.delete(presence.ref)
      if (held.size === 0) this.#held.delete(presence.key)
    } else if (held?.ref === presence.ref) this.#held.delete(presence.key)
  }
}
