import {
  type AppliedChanges,
  type Key,
  type Presence,
  type PresenceChanges,
  PresenceSet,
} from '@rollcall/shared-protocol'
import { KeptPresences } from './kept-presences'

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
  /** Shown, and in no digest. */
  readonly #kept = new KeptPresences<M>()
  #list: readonly PresenceEntry<M>[] | null = null

  /** Keys, not presences. */
  get size(): number {
    return this.#entries.size
  }

  /** Keys of which something is shown only because it may be on its way back. */
  get keptCount(): number {
    return this.#kept.keyCount
  }

  /** Whether somebody may still be on their way back. */
  get isSettling(): boolean {
    return !this.#kept.isOver
  }

  /** The server has stopped waiting: from here on who leaves is gone. */
  endSettling(): void {
    this.#kept.forgetReturned()
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
    const applied = this.#set.apply(changes)
    return this.#update(applied, applied.leaves, (key, changed) => {
      const before = this.#entries.get(key)?.presences ?? []
      const held = before.map(({ ref }) => this.#set.get(ref)).filter((presence) => presence?.key === key)
      return [
        ...(held as Presence<M>[]),
        ...changed.filter(({ ref }) => !before.some((presence) => presence.ref === ref)),
      ]
    })
  }

  /**
   * Makes the map hold exactly these, in one step; what stays the same keeps its identity. `keepsAbsent`: presences
   * that are not among them go on being shown, until their key comes back or a later call does without it.
   */
  replace(presences: readonly Presence<M>[], keepsAbsent = false): MapChange<M> {
    const givenUp = keepsAbsent ? [] : this.#kept.takeAll().map(nodeLost)
    const applied = this.#set.replace(presences)
    if (keepsAbsent) for (const { presence } of applied.leaves) this.#kept.keep(presence)
    const touched = touchedKeys(applied)
    for (const { presence } of givenUp) if (!touched.has(presence.key)) touched.set(presence.key, [])
    const inOrder = new Map<Key, Presence<M>[]>()
    // The server's order, so that everybody agrees which of a key's presences is the newest.
    for (const { ref, key } of presences) {
      const held = touched.has(key) ? this.#set.get(ref) : undefined
      if (held === undefined) continue
      const sameKey = inOrder.get(key)
      if (sameKey) sameKey.push(held)
      else inOrder.set(key, [held])
    }
    const leaves = keepsAbsent ? [] : [...applied.leaves, ...givenUp]
    return this.#update(applied, leaves, (key) => inOrder.get(key) ?? [], touched)
  }

  clear(): void {
    this.#set = new PresenceSet<M>()
    this.#kept.takeAll()
    this.#entries.clear()
    this.#list = null
  }

  /**
   * Rebuilds the entries of the keys that changed. `presencesOf` is told which presences of the key are new or other,
   * and answers with those that are in the set.
   */
  #update(
    applied: AppliedChanges<M>,
    leaves: readonly Leave<M>[],
    presencesOf: (key: Key, changed: readonly Presence<M>[]) => readonly Presence<M>[],
    touched: ReadonlyMap<Key, readonly Presence<M>[]> = touchedKeys(applied),
  ): MapChange<M> {
    const joined = this.keptCount > 0 ? new Set(applied.joins) : null
    const withheld = new Set<Leave<M>>()
    const returned: Leave<M>[] = []
    const entries: EntryChange<M>[] = []
    let isVisible = false
    for (const [key, changed] of touched) {
      const before = this.#entries.get(key) ?? null
      const taken = joined
        ? this.#kept.takeBack(
            key,
            changed.filter((presence) => joined.has(presence)),
          )
        : []
      returned.push(...taken.map(nodeLost))
      const held = presencesOf(key, changed)
      if (held.length === 0 && this.#kept.of(key).length === 0 && this.#kept.hasReturned(key)) {
        for (const leave of leaves) {
          if (leave.presence.key !== key) continue
          this.#kept.keep(leave.presence)
          withheld.add(leave)
        }
      }
      const presences = [...this.#kept.of(key), ...held]
      if (before && isSame(before.presences, presences)) continue
      isVisible = true
      const newest = presences.at(-1)
      const after = newest ? { key, meta: newest.meta, presences } : null
      if (after) this.#entries.set(key, after)
      else this.#entries.delete(key)
      // Somebody who is back as they were has done nothing that anybody need hear of.
      const isSilent = taken.length > 0 && before !== null && isSameToOthers(before.presences, presences)
      if (!isSilent) entries.push({ key, before, after })
    }
    if (isVisible) this.#list = null
    const told = withheld.size === 0 ? leaves : leaves.filter((leave) => !withheld.has(leave))
    return { isVisible, presences: { ...applied, leaves: [...told, ...returned] }, entries }
  }
}

type Leave<M> = AppliedChanges<M>['leaves'][number]

function nodeLost<M>(presence: Presence<M>): Leave<M> {
  return { presence, reason: 'node_lost' }
}

function isSame<M>(before: readonly Presence<M>[], after: readonly Presence<M>[]): boolean {
  return before.length === after.length && before.every((presence, index) => presence === after[index])
}

function isSameToOthers<M>(before: readonly Presence<M>[], after: readonly Presence<M>[]): boolean {
  const metas = (presences: readonly Presence<M>[]) =>
    presences.map(({ meta }) => JSON.stringify(meta)).sort()
  return JSON.stringify(metas(before)) === JSON.stringify(metas(after))
}

/** The keys of which a presence came, changed or went, each with those that are there now. */
function touchedKeys<M>({ joins, updates, leaves }: AppliedChanges<M>): Map<Key, Presence<M>[]> {
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
