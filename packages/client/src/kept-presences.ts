import type { Key, Presence } from '@rollcall/shared-protocol'
import { groupBy } from './group-by'

/**
 * Presences that a server which began anew has not seen again yet, by key. They are shown on, and taken back one by
 * one as devices of their key return: a person with two tabs whose first is back is still here with the second.
 */
export class KeptPresences<M> {
  readonly #byKey = new Map<Key, KeptOfKey<M>>()
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
    return this.#byKey.get(key)?.presences ?? []
  }

  keep(presence: Presence<M>): void {
    let kept = this.#byKey.get(presence.key)
    if (!kept) {
      kept = new KeptOfKey<M>()
      this.#byKey.set(presence.key, kept)
    }
    kept.add(presence)
  }

  /** Takes one for each that returned, those with the same meta first, and returns what it took. */
  takeBack(key: Key, returned: readonly Presence<M>[]): readonly Presence<M>[] {
    const kept = this.#byKey.get(key)
    if (!kept || returned.length === 0) return []
    this.#returned.add(key)
    const taken = kept.take(returned)
    if (kept.presences.length === 0) this.#byKey.delete(key)
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
    const taken = [...this.#byKey.values()].flatMap(({ presences }) => presences)
    this.#byKey.clear()
    this.forgetReturned()
    return taken
  }
}

/** Those of one key, in the order in which they came, and by what they say. */
class KeptOfKey<M> {
  #presences: Presence<M>[] = []
  /** Text of a meta to those that say it, the first one last; made when several are kept and one of them returns. */
  #byMeta: Map<string, Presence<M>[]> | null = null

  get presences(): readonly Presence<M>[] {
    return this.#presences
  }

  add(presence: Presence<M>): void {
    this.#presences.push(presence)
    this.#byMeta = null
  }

  /** At most one for each that returned. */
  take(returned: readonly Presence<M>[]): readonly Presence<M>[] {
    const all = this.#presences
    if (returned.length >= all.length) {
      this.#presences = []
      this.#byMeta = null
      return all
    }
    this.#byMeta ??= groupBy([...all].reverse(), ({ meta }) => JSON.stringify(meta))
    const taken = new Set<Presence<M>>()
    let first = 0
    for (const { meta } of returned) {
      let found = this.#byMeta.get(JSON.stringify(meta))?.pop()
      if (!found) {
        for (found = all[first]; found && taken.has(found); found = all[++first]);
        // The first of all is the first of those that say the same.
        this.#byMeta.get(JSON.stringify(found?.meta))?.pop()
      }
      if (found) taken.add(found)
    }
    this.#presences = all.filter((presence) => !taken.has(presence))
    return [...taken]
  }
}
