import type { Key, Presence } from '@rollcall/shared-protocol'

/**
 * Presences that a restarted server has not confirmed yet, by key. The map keeps showing them, and each device that
 * returns confirms one of its key. A person whose first of two tabs has returned is still here with the second. (C-23)
 */
export class UnconfirmedPresences<M> {
  readonly #byKey = new Map<Key, UnconfirmedOfKey<M>>()
  /** Keys with at least one confirmed presence. The device may be one from before the restart, or a new one. */
  readonly #confirmed = new Set<Key>()

  /** Whether no presence can return any more. */
  get isOver(): boolean {
    return this.#byKey.size === 0 && this.#confirmed.size === 0
  }

  /** Number of keys with an unconfirmed presence. */
  get keyCount(): number {
    return this.#byKey.size
  }

  of(key: Key): readonly Presence<M>[] {
    return this.#byKey.get(key)?.presences ?? []
  }

  add(presence: Presence<M>): void {
    let ofKey = this.#byKey.get(presence.key)
    if (!ofKey) {
      ofKey = new UnconfirmedOfKey<M>()
      this.#byKey.set(presence.key, ofKey)
    }
    ofKey.add(presence)
  }

  /** Removes one presence per returned device, those with the same meta first. Returns the removed ones. */
  confirm(key: Key, returned: readonly Presence<M>[]): readonly Presence<M>[] {
    const ofKey = this.#byKey.get(key)
    if (!ofKey || returned.length === 0) return []
    this.#confirmed.add(key)
    const taken = ofKey.take(returned)
    if (ofKey.presences.length === 0) this.#byKey.delete(key)
    return taken
  }

  /**
   * Whether the key must stay in the map although its last presence left. The device that left may be a new one, while
   * the unconfirmed one is still to return.
   */
  isConfirmed(key: Key): boolean {
    return this.#confirmed.has(key)
  }

  /** From now on, a presence that leaves is removed. */
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

/** The unconfirmed presences of one key, in their order and by meta. */
class UnconfirmedOfKey<M> {
  #presences: Presence<M>[] = []
  /** Presences by the text of their meta, the first one last. Made when one of several returns. */
  #byMeta: Map<string, Presence<M>[]> | null = null

  get presences(): readonly Presence<M>[] {
    return this.#presences
  }

  add(presence: Presence<M>): void {
    this.#presences.push(presence)
    this.#byMeta = null
  }

  /** Removes and returns at most one presence per returned device. */
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
        // The first of all is also the first with its meta, which is last in the list.
        this.#byMeta.get(JSON.stringify(found?.meta))?.pop()
      }
      if (found) taken.add(found)
    }
    this.#presences = all.filter((presence) => !taken.has(presence))
    return [...taken]
  }
}

/** Groups items by a string that a stranger may have chosen. Each group has the order of the items. (P-10) */
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
