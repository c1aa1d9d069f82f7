import {
  type AppliedChanges,
  type Key,
  type LeaveReason,
  type Presence,
  type PresenceChanges,
  PresenceSet,
} from '@rollcall/shared-protocol'

/*
 *   diff / snapshot --> PresenceSet --> what changed, net
 *                                           |
 *                        entries: key -> {key, meta, presences}     rebuilt for the keys that changed, no others
 *                                           |
 *                                         list                      built when somebody asks
 */

/** All that is known of one key. Immutable: another object means that something about the key changed. (C-9) */
export interface PresenceEntry<M> {
  readonly key: Key
  /** Of the newest of its presences. */
  readonly meta: M
  /** One for each device or tab, oldest first; never empty. */
  readonly presences: readonly Presence<M>[]
}

/** One key's net change. Who came has no `before`, who went has no `after`. */
export interface EntryChange<M> {
  readonly key: Key
  readonly before: PresenceEntry<M> | null
  readonly after: PresenceEntry<M> | null
}

export interface MapChange<M> {
  /** Whether the map shows anything else than before, if only other refs. */
  readonly isVisible: boolean
  /** Per presence, that is, per device. */
  readonly presences: AppliedChanges<M>
  /** Per key, as a person would say it. */
  readonly entries: readonly EntryChange<M>[]
}

/** Who is in a topic, by key, in the order of first appearance. A change costs what the change costs. */
export class PresenceMap<M> {
  #set = new PresenceSet<M>()
  // A Map: keys are chosen by strangers, and "__proto__" is one of them. (P-10)
  readonly #entries = new Map<Key, PresenceEntry<M>>()
  /** Presences of keys that a server which began anew has not seen again yet. Shown, and in no digest. */
  readonly #kept = new Map<Key, readonly Presence<M>[]>()
  #list: readonly PresenceEntry<M>[] | null = null

  /** Keys, not presences. */
  get size(): number {
    return this.#entries.size
  }

  /** Keys that are shown only because they may be on their way back. */
  get keptCount(): number {
    return this.#kept.size
  }

  get digest(): number {
    return this.#set.digest
  }

  get(key: Key): PresenceEntry<M> | undefined {
    return this.#entries.get(key)
  }

  keys(): IterableIterator<Key> {
    return this.#entries.keys()
  }

  entries(): IterableIterator<[Key, PresenceEntry<M>]> {
    return this.#entries.entries()
  }

  /** The same array until something changes. */
  list(): readonly PresenceEntry<M>[] {
    this.#list ??= [...this.#entries.values()]
    return this.#list
  }

  apply(changes: PresenceChanges<M>): MapChange<M> {
    return this.#update(this.#set.apply(changes), (key, changed) => {
      const before = this.#entries.get(key)?.presences ?? []
      const kept = before.map(({ ref }) => this.#set.get(ref)).filter((held) => held?.key === key)
      return [
        ...(kept as Presence<M>[]),
        ...changed.filter(({ ref }) => !before.some((held) => held.ref === ref)),
      ]
    })
  }

  /**
   * Makes the map hold exactly these, in one step; what stays the same keeps its identity. `keepsAbsent`: keys that
   * are not among them go on being shown, until they come back or a later call does without it.
   */
  replace(presences: readonly Presence<M>[], keepsAbsent = false): MapChange<M> {
    const shownBefore = keepsAbsent ? [...this.#entries.values()] : []
    const dropped = keepsAbsent ? null : this.#takeKept()
    const changes = this.#set.replace(presences)
    const touched = touchedKeys(changes)
    const inOrder = new Map<Key, Presence<M>[]>()
    // The server's order, so that everybody agrees which of a key's presences is the newest.
    for (const { ref, key } of presences) {
      const held = touched.has(key) || this.#kept.has(key) ? this.#set.get(ref) : undefined
      if (held === undefined) continue
      const sameKey = inOrder.get(key)
      if (sameKey) sameKey.push(held)
      else inOrder.set(key, [held])
    }
    for (const entry of shownBefore)
      if (!this.#set.hasKey(entry.key)) this.#kept.set(entry.key, entry.presences)
    return this.#update(changes, (key) => inOrder.get(key) ?? [], dropped ?? [])
  }

  clear(): void {
    this.#set = new PresenceSet<M>()
    this.#kept.clear()
    this.#entries.clear()
    this.#list = null
  }

  /** The presences that were kept; their keys are shown on by nothing but the set. */
  #takeKept(): readonly Presence<M>[] {
    const taken = [...this.#kept.values()].flat()
    this.#kept.clear()
    return taken
  }

  /**
   * Rebuilds the entries of the keys that changed. `presencesOf` is told which presences of the key are new or other.
   * `dropped`: presences that were kept, and are not any more.
   */
  #update(
    changes: AppliedChanges<M>,
    presencesOf: (key: Key, changed: readonly Presence<M>[]) => readonly Presence<M>[],
    dropped: readonly Presence<M>[] = [],
  ): MapChange<M> {
    const touched = new Map(touchedKeys(changes))
    for (const { key } of dropped) if (!touched.has(key)) touched.set(key, [])
    const gone: { readonly presence: Presence<M>; readonly reason: LeaveReason }[] = dropped.map(nodeLost)
    const held = new Set<Key>()
    const entries: EntryChange<M>[] = []
    for (const [key, changed] of touched) {
      const before = this.#entries.get(key) ?? null
      if (!this.#set.hasKey(key) && this.#kept.has(key)) {
        held.add(key)
        continue
      }
      const returned = this.#kept.get(key) ?? []
      this.#kept.delete(key)
      gone.push(...returned.map(nodeLost))
      const presences = presencesOf(key, changed)
      const newest = presences.at(-1)
      const after = newest ? { key, meta: newest.meta, presences } : null
      if (after) this.#entries.set(key, after)
      else this.#entries.delete(key)
      // Somebody who is back as they were has done nothing that anybody need hear of.
      if (returned.length === 0 || !isSameToOthers(returned, presences)) entries.push({ key, before, after })
    }
    const isVisible = touched.size > held.size
    if (isVisible) this.#list = null
    // The refs of a key that is kept leave once it is given up, or with its return.
    const leaves = changes.leaves.filter(({ presence }) => !held.has(presence.key))
    return { isVisible, presences: { ...changes, leaves: [...leaves, ...gone] }, entries }
  }
}

function nodeLost<M>(presence: Presence<M>): {
  readonly presence: Presence<M>
  readonly reason: LeaveReason
} {
  return { presence, reason: 'node_lost' }
}

function isSameToOthers<M>(before: readonly Presence<M>[], after: readonly Presence<M>[]): boolean {
  const metas = (presences: readonly Presence<M>[]) => JSON.stringify(presences.map(({ meta }) => meta))
  return metas(before) === metas(after)
}

/** The keys of which a presence came, changed or went, each with those that are there now. */
function touchedKeys<M>({
  joins,
  updates,
  leaves,
}: AppliedChanges<M>): ReadonlyMap<Key, readonly Presence<M>[]> {
  const touched = new Map<Key, Presence<M>[]>()
  const touch = (key: Key): Presence<M>[] => {
    const known = touched.get(key)
    if (known) return known
    const presences: Presence<M>[] = []
    touched.set(key, presences)
    return presences
  }
  for (const presence of joins) touch(presence.key).push(presence)
  for (const { presence, previous } of updates) {
    touch(previous.key)
    touch(presence.key).push(presence)
  }
  for (const { presence } of leaves) touch(presence.key)
  return touched
}
