import {
  type AppliedChanges,
  type Key,
  type Presence,
  type PresenceChanges,
  PresenceSet,
} from '@rollcall/shared-protocol'
import { groupBy, UnconfirmedPresences } from './unconfirmed-presences'

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
  readonly #unconfirmed = new UnconfirmedPresences<M>()
  #list: readonly PresenceEntry<M>[] | null = null

  /** Keys, not presences. */
  get size(): number {
    return this.#entries.size
  }

  /** Keys of which something is shown only because it may be on its way back. */
  get unconfirmedCount(): number {
    return this.#unconfirmed.keyCount
  }

  /** Whether somebody may still be on their way back. */
  get isRecovering(): boolean {
    return !this.#unconfirmed.isOver
  }

  /** The server has stopped waiting: from here on who leaves is gone. */
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
   * Makes the map hold exactly these, in one step; what stays the same keeps its identity. `keepsAbsent`: presences
   * that are not among them go on being shown, until their key comes back or a later call does without it.
   */
  replace(presences: readonly Presence<M>[], keepsAbsent = false): MapChange<M> {
    const givenUp = keepsAbsent ? [] : this.#unconfirmed.takeAll().map(nodeLost)
    const applied = this.#set.replace(presences)
    if (this.#entries.size === 0) return this.#fill(applied)
    if (keepsAbsent) for (const { presence } of applied.leaves) this.#unconfirmed.add(presence)
    const touched = new Set(touchedKeys(applied))
    for (const { presence } of givenUp) touched.add(presence.key)
    return this.#update(applied, keepsAbsent ? [] : [...applied.leaves, ...givenUp], touched)
  }

  /** Into a map that shows nobody. */
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

  /** Rebuilds the entries of the keys that changed. */
  #update(applied: AppliedChanges<M>, leaves: readonly Leave<M>[], touched: Iterable<Key>): MapChange<M> {
    const joined = this.unconfirmedCount > 0 ? groupBy(applied.joins, ({ key }) => key) : NO_GROUPS
    let leftOf: ReadonlyMap<Key, readonly Leave<M>[]> | null = null
    let withheld: Set<Leave<M>> | null = null
    const returned: Leave<M>[] = []
    const entries: EntryChange<M>[] = []
    let isVisible = false
    for (const key of touched) {
      const before = this.#entries.get(key) ?? null
      const taken = this.#unconfirmed.confirm(key, joined.get(key) ?? [])
      for (const presence of taken) returned.push(nodeLost(presence))
      const held = heldByOne(key, before, applied) ?? this.#set.ofKey(key)
      if (held.length === 0 && this.#unconfirmed.of(key).length === 0 && this.#unconfirmed.isConfirmed(key)) {
        leftOf ??= groupBy(leaves, ({ presence }) => presence.key)
        withheld ??= new Set()
        for (const leave of leftOf.get(key) ?? []) {
          this.#unconfirmed.add(leave.presence)
          withheld.add(leave)
        }
      }
      const kept = this.#unconfirmed.of(key)
      const presences = kept.length > 0 ? [...kept, ...held] : held
      if (before && isSame(before.presences, presences)) continue
      isVisible = true
      const change = this.#show(key, before, presences)
      // Somebody who is back as they were has done nothing that anybody need hear of.
      const isSilent = taken.length > 0 && before !== null && isSameToOthers(before.presences, presences)
      if (!isSilent) entries.push(change)
    }
    const told = withheld === null ? leaves : leaves.filter((leave) => !withheld?.has(leave))
    if (told === applied.leaves && returned.length === 0) return { isVisible, presences: applied, entries }
    return { isVisible, presences: { ...applied, leaves: [...told, ...returned] }, entries }
  }
}

/** Nearly every key has one presence: where the one change is of it, there is nothing to look up. */
function heldByOne<M>(
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

/** Whether those who came say just what those said who went. */
function isSameToOthers<M>(before: readonly Presence<M>[], after: readonly Presence<M>[]): boolean {
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

/** The keys of which a presence came, changed or went, each once. */
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
