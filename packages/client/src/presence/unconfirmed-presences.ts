import type { Key, Presence } from '@rollcall/shared-protocol'

/**
 * Presences that a server which began anew has not seen again yet, by key. They are shown on, and taken back one by
 * one as devices of their key return: a person with two tabs whose first is back is still here with the second.
 */
export class UnconfirmedPresences<M> {
  readonly #byKey = new Map<Key, UnconfirmedOfKey<M>>()
  /** Keys of which something was taken back: by the device that was kept, or by another one that has only now come. */
  readonly #confirmed = new Set<Key>()

  /** Whether there is nothing left to wait for. */
  get isOver(): boolean {
    return this.#byKey.size === 0 && this.#confirmed.size === 0
  }

  /** Keys with a presence that is kept. */
  get keyCount(): number {
    return this.#byKey.size
  }

  of(key: Key): readonly Presence<M>[] {
    return this.#byKey.get(key)?.presences ?? []
  }

  add(presence: Presence<M>): void {
    let kept = this.#byKey.get(presence.key)
    if (!kept) {
      kept = new UnconfirmedOfKey<M>()
      this.#byKey.set(presence.key, kept)
    }
    kept.add(presence)
  }

  /** Takes one for each that returned, those with the same meta first, and returns what it took. */
  confirm(key: Key, returned: readonly Presence<M>[]): readonly Presence<M>[] {
    const kept = this.#byKey.get(key)
    if (!kept || returned.length === 0) return []
    this.#confirmed.add(key)
    const taken = kept.take(returned)
    if (kept.presences.length === 0) this.#byKey.delete(key)
    return taken
  }

  /**
   * Whether a key is to be kept though the last of its presences left: nobody can say whether it was the device that
   * was kept before, or a new one beside it whose older sister is still on her way back.
   */
  isConfirmed(key: Key): boolean {
    return this.#confirmed.has(key)
  }

  /** From here on who leaves is gone. */
  stopWaiting(): void {
    this.#confirmed.clear()
  }

  takeAll(): readonly Presence<M>[] {
    const taken = [...this.#byKey.values()].flatMap(({ presences }) => presences)
    this.#byKey.clear()
    this.stopWaiting()
    return taken
  }
}

/** Those of one key, in the order in which they came, and by what they say. */
class UnconfirmedOfKey<M> {
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

/** Items by a string of theirs, which strangers may have chosen, each group in the order of the items. (P-10) */
export function groupBy<T>(items: Iterable<T>, nameOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const name = nameOf(item)
    const group = groups.get(name)
    if (group) group.push(item)
    else groups.set(name, [item])
  }
  return groups
}
