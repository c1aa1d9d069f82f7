import type { Key, Presence } from '@rollcall/shared-protocol'

/**
 * Presences that a server which began anew has not seen again yet, by key. They are shown on, and taken back one by
 * one as devices of their key return: a person with two tabs whose first is back is still here with the second.
 */
export class KeptPresences<M> {
  readonly #byKey = new Map<Key, readonly Presence<M>[]>()
  /** Keys of which something was taken back: by the device that was kept, or by another one that has only now come. */
  readonly #returned = new Set<Key>()

  /** Whether there is nothing left to wait for. */
  get isOver(): boolean {
    return this.#byKey.size === 0 && this.#returned.size === 0
  }

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
    if (taken.length > 0) this.#returned.add(key)
    return taken
  }

  /**
   * Whether a key is to be kept though the last of its presences left: nobody can say whether it was the device that
   * was kept before, or a new one beside it whose older sister is still on her way back.
   */
  hasReturned(key: Key): boolean {
    return this.#returned.has(key)
  }

  /** From here on who leaves is gone. */
  forgetReturned(): void {
    this.#returned.clear()
  }

  takeAll(): readonly Presence<M>[] {
    const taken = [...this.#byKey.values()].flat()
    this.#byKey.clear()
    this.forgetReturned()
    return taken
  }
}
