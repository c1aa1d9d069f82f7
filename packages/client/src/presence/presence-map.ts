import {
  type AppliedChanges,
  type Key,
  type Presence,
  type PresenceChanges,
  PresenceSet,
} from '@rollcall/shared-protocol'
import { groupBy, UnconfirmedPresences } from './unconfirmed-presences'

/*
 *   diff / snapshot --> PresenceSet --> net changes
 *                                           |
 *                        entries: key -> {key, meta, presences}     rebuilt for the changed keys only
 *                                           |
 *                                         list                      built when it is read
 */

/** The presences of one key. Immutable: another object means that something about the key changed. (C-9) */
export interface PresenceEntry<M> {
  readonly key: Key
  /** The meta of its newest presence. */
  readonly meta: M
  /** One for each device or tab, oldest first; never empty. */
  readonly presences: readonly Presence<M>[]
}

/** The net change of one key: a join has no `before`, a leave no `after`. */
interface EntryChange<M> {
  readonly key: Key
  readonly before: PresenceEntry<M> | null
  readonly after: PresenceEntry<M> | null
}

export interface MapChange<M> {
  /** Whether the map has changed at all, for example only in its refs. */
  readonly isVisible: boolean
  /** Changes per presence, which is per device. */
  readonly presences: AppliedChanges<M>
  /** Changes per key, which is per person. */
  readonly entries: readonly EntryChange<M>[]
}

/** The presences in a topic by key, in the order of first appearance. A change takes time by its own size only. */
export class PresenceMap<M> {
  #set = new PresenceSet<M>()
  // A Map, because a stranger can choose the key "__proto__". (P-10)
  readonly #entries = new Map<Key, PresenceEntry<M>>()
  /** In the map, but not in the digest. */
  readonly #unconfirmed = new UnconfirmedPresences<M>()
  #list: readonly PresenceEntry<M>[] | null = null

  /** Keys, not presences. */
  get size(): number {
    return this.#entries.size
  }

  /** Keys with a presence that a restarted server has not confirmed. */
  get unconfirmedCount(): number {
    return this.#unconfirmed.keyCount
  }

  /** Whether presences may still return to a restarted server. */
  get isRecovering(): boolean {
    return !this.#unconfirmed.isOver
  }

  /** Call it when the recovery is over: from now on, a presence that leaves is removed. */
  endRecovery(): void {
    this.#unconfirmed.stopWaiting()
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
    return this.#update(applied, applied.leaves, touchedKeys(applied))
  }

  /**
   * Replaces the content in one step. Entries that stay equal stay the same objects. With `keepsAbsent`, presences that
   * are not listed stay as unconfirmed, until their key returns or a later call does not keep them.
   */
  replace(presences: readonly Presence<M>[], keepsAbsent = false): MapChange<M> {
    const dropped = keepsAbsent ? [] : this.#unconfirmed.takeAll().map(nodeLost)
    const applied = this.#set.replace(presences)
    if (this.#entries.size === 0) return this.#fill(applied)
    if (keepsAbsent) for (const { presence } of applied.leaves) this.#unconfirmed.add(presence)
    const touched = new Set(touchedKeys(applied))
    for (const { presence } of dropped) touched.add(presence.key)
    return this.#update(applied, keepsAbsent ? [] : [...applied.leaves, ...dropped], touched)
  }

  /** Fills an empty map. */
  #fill(applied: AppliedChanges<M>): MapChange<M> {
    const { joins, appeared } = applied
    const isOneEach = joins.length === appeared.length
    const entries = appeared.map((key, index) =>
      this.#show(key, null, isOneEach ? joins.slice(index, index + 1) : this.#set.ofKey(key)),
    )
    return { isVisible: entries.length > 0, presences: applied, entries }
  }

  #show(key: Key, before: PresenceEntry<M> | null, presences: readonly Presence<M>[]): EntryChange<M> {
    const newest = presences.at(-1)
    const after = newest ? { key, meta: newest.meta, presences } : null
    if (after) this.#entries.set(key, after)
    else this.#entries.delete(key)
    this.#list = null
    return { key, before, after }
  }

  clear(): void {
    this.#set = new PresenceSet<M>()
    this.#unconfirmed.takeAll()
    this.#entries.clear()
    this.#list = null
  }

  /** Rebuilds the entries of the changed keys. */
  #update(applied: AppliedChanges<M>, leaves: readonly Leave<M>[], touched: Iterable<Key>): MapChange<M> {
    const joined = this.unconfirmedCount > 0 ? groupBy(applied.joins, ({ key }) => key) : NO_GROUPS
    let leftOf: ReadonlyMap<Key, readonly Leave<M>[]> | null = null
    let withheld: Set<Leave<M>> | null = null
    const returned: Leave<M>[] = []
    const entries: EntryChange<M>[] = []
    let isVisible = false
    for (const key of touched) {
      const before = this.#entries.get(key) ?? null
      const confirmed = this.#unconfirmed.confirm(key, joined.get(key) ?? [])
      for (const presence of confirmed) returned.push(nodeLost(presence))
      const current = singlePresence(key, before, applied) ?? this.#set.ofKey(key)
      if (
        current.length === 0 &&
        this.#unconfirmed.of(key).length === 0 &&
        this.#unconfirmed.isConfirmed(key)
      ) {
        leftOf ??= groupBy(leaves, ({ presence }) => presence.key)
        withheld ??= new Set()
        for (const leave of leftOf.get(key) ?? []) {
          this.#unconfirmed.add(leave.presence)
          withheld.add(leave)
        }
      }
      const unconfirmed = this.#unconfirmed.of(key)
      const presences = unconfirmed.length > 0 ? [...unconfirmed, ...current] : current
      if (before && isSame(before.presences, presences)) continue
      isVisible = true
      const change = this.#show(key, before, presences)
      // A device that returns with its old meta is no change for the application.
      const isUnchanged = confirmed.length > 0 && before !== null && hasSameMetas(before.presences, presences)
      if (!isUnchanged) entries.push(change)
    }
    const reported = withheld === null ? leaves : leaves.filter((leave) => !withheld?.has(leave))
    if (reported === applied.leaves && returned.length === 0)
      return { isVisible, presences: applied, entries }
    return { isVisible, presences: { ...applied, leaves: [...reported, ...returned] }, entries }
  }
}

/** A shortcut for the most frequent case: one change of a key with one presence needs no lookup. */
function singlePresence<M>(
  key: Key,
  before: PresenceEntry<M> | null,
  { joins, updates, leaves, appeared, disappeared }: AppliedChanges<M>,
): readonly Presence<M>[] | null {
  if (joins.length + updates.length + leaves.length > 1) return null
  const [update] = updates
  if (!update) return (appeared[0] ?? disappeared[0]) === key ? joins : null
  if (before?.presences.length !== 1 || before.presences[0] !== update.previous) return null
  return update.presence.key === key ? [update.presence] : null
}

type Leave<M> = AppliedChanges<M>['leaves'][number]

function nodeLost<M>(presence: Presence<M>): Leave<M> {
  return { presence, reason: 'node_lost' }
}

function isSame<M>(before: readonly Presence<M>[], after: readonly Presence<M>[]): boolean {
  return before.length === after.length && before.every((presence, index) => presence === after[index])
}

/** Whether the presences that joined have the same metas as those that left. */
function hasSameMetas<M>(before: readonly Presence<M>[], after: readonly Presence<M>[]): boolean {
  return JSON.stringify(metasWithout(before, after)) === JSON.stringify(metasWithout(after, before))
}

function metasWithout<M>(presences: readonly Presence<M>[], others: readonly Presence<M>[]): string[] {
  const without = new Set(others)
  return presences
    .filter((presence) => !without.has(presence))
    .map(({ meta }) => JSON.stringify(meta))
    .sort()
}

const NO_GROUPS: ReadonlyMap<Key, never> = new Map<Key, never>()

/** The keys of all changed presences, each once. */
function touchedKeys<M>({ joins, updates, leaves }: AppliedChanges<M>): Iterable<Key> {
  const keys: Key[] = []
  for (const { key } of joins) keys.push(key)
  for (const { presence, previous } of updates) {
    if (previous.key !== presence.key) keys.push(previous.key)
    keys.push(presence.key)
  }
  for (const { presence } of leaves) keys.push(presence.key)
  return keys.length > 1 ? new Set(keys) : keys
}
