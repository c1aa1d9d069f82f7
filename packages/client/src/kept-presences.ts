import type { Key, Presence } from '@rollcall/shared-protocol'

/**
 * Presences that a server which began anew has not seen again yet, by key. They are shown on, and taken back one by
 * one as devices of their key return: a person with two tabs whose first is back is still here with the second.
 */
export class KeptPresences<M> {
  readonly #byKey = new Map<Key, readonly Presence<M>[]>()

  /** Keys with a presence that is kept. */
  get keyCount(): number {
    return this.#byKey.size
  }

  of(key: Key): readonly Presence<M>[] {
    return this.#byKey.get(key) ?? []
  }

  keep(presence: Presence<M>): void {
    this.#byKey.set(presence.key, [...this.of(presence.key), presence])
  }

  /** Takes one for each that returned, those with the same meta first, and returns what it took. */
  takeBack(key: Key, returned: readonly Presence<M>[]): readonly Presence<M>[] {
    let left = this.of(key)
    const taken: Presence<M>[] = []
    for (const { meta } of returned) {
      const same = left.find((kept) => JSON.stringify(kept.meta) === JSON.stringify(meta)) ?? left[0]
      if (!same) break
      taken.push(same)
      left = left.filter((kept) => kept !== same)
    }
    if (left.length > 0) this.#byKey.set(key, left)
    else this.#byKey.delete(key)
    return taken
  }

  takeAll(): readonly Presence<M>[] {
    const taken = [...this.#byKey.values()].flat()
    this.#byKey.clear()
    return taken
  }
}
