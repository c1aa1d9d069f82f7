import type { Key, PresenceRef } from '../ids'
import { digestOfOne } from './digest'
import { KeyIndex } from './key-index'
import type { AppliedChanges, LeaveReason, Meta, Presence, PresenceChanges } from './presence'

/** Collects the changes of one `apply` or `replace`. The set reports each change to it. */
interface ChangeCollector<M> {
  /**
   * @param isFirstIn - Whether the presence's key was absent before.
   * @param isLastOut - Whether the presence had another key, which is absent now.
   */
  put(presence: Presence<M>, previous: Presence<M> | undefined, isFirstIn: boolean, isLastOut: boolean): void
  /** @param isLastOut - Whether the key is absent now. */
  drop(held: Presence<M>, reason: LeaveReason, isLastOut: boolean): void
  /** Call it after the last change. */
  result(byKey: KeyIndex): AppliedChanges<M>
}

const NONE: readonly never[] = []
/** The result of a call that changed nothing. */
const NO_CHANGES: AppliedChanges<never> = {
  joins: NONE,
  updates: NONE,
  leaves: NONE,
  appeared: NONE,
  disappeared: NONE,
}

/** Collects at most one change, which is its own net effect. */
class SingleChange<M> implements ChangeCollector<M> {
  #result: AppliedChanges<M> = NO_CHANGES

  put(
    presence: Presence<M>,
    previous: Presence<M> | undefined,
    isFirstIn: boolean,
    isLastOut: boolean,
  ): void {
    this.#result = {
      joins: previous ? NONE : [presence],
      updates: previous ? [{ presence, previous }] : NONE,
      leaves: NONE,
      appeared: isFirstIn ? [presence.key] : NONE,
      disappeared: isLastOut && previous ? [previous.key] : NONE,
    }
  }

  drop(held: Presence<M>, reason: LeaveReason, isLastOut: boolean): void {
    this.#result = {
      joins: NONE,
      updates: NONE,
      leaves: [{ presence: held, reason }],
      appeared: NONE,
      disappeared: isLastOut ? [held.key] : NONE,
    }
  }

  result(): AppliedChanges<M> {
    return this.#result
  }
}

/** Collects many changes. A presence that changes twice appears once in the result. */
class NetChanges<M> implements ChangeCollector<M> {
  readonly #wasPresent = new Map<Key, boolean>()
  readonly #changes = new Map<PresenceRef, Change<M>>()

  put(presence: Presence<M>, previous: Presence<M> | undefined, isFirstIn: boolean): void {
    this.#touch(presence.key, !isFirstIn)
    if (previous) this.#touch(previous.key, true)
    const change = this.#changes.get(presence.ref)
    if (change) change.after = presence
    else this.#changes.set(presence.ref, { before: previous, after: presence })
  }

  drop(held: Presence<M>, reason: LeaveReason): void {
    this.#touch(held.key, true)
    const change = this.#changes.get(held.ref)
    if (change) change.after = reason
    else this.#changes.set(held.ref, { before: held, after: reason })
  }

  result(byKey: KeyIndex): AppliedChanges<M> {
    const joins: Presence<M>[] = []
    const updates: { presence: Presence<M>; previous: Presence<M> }[] = []
    const leaves: { presence: Presence<M>; reason: LeaveReason }[] = []
    for (const { before, after } of this.#changes.values()) {
      if (typeof after === 'string') {
        if (before) leaves.push({ presence: before, reason: after })
      } else if (!before) joins.push(after)
      else updates.push({ presence: after, previous: before })
    }
    const appeared: Key[] = []
    const disappeared: Key[] = []
    for (const [key, wasPresent] of this.#wasPresent) {
      const isPresent = byKey.has(key)
      if (isPresent && !wasPresent) appeared.push(key)
      else if (!isPresent && wasPresent) disappeared.push(key)
    }
    return { joins, updates, leaves, appeared, disappeared }
  }

  /** The first change of a key knows whether the key was present before all of them. */
  #touch(key: Key, wasPresent: boolean): void {
    if (!this.#wasPresent.has(key)) this.#wasPresent.set(key, wasPresent)
  }
}

interface Change<M> {
  readonly before: Presence<M> | undefined
  after: Presence<M> | LeaveReason
}

/*
 *            apply(changes) / replace(presences)
 *                          |
 *      byRef: ref -> presence        the presences
 *      byKey: key -> refs            who is here
 *      digest                        one addition per change
 *                          |
 *               AppliedChanges: the net difference
 */

/**
 * The presences of one topic, by ref and by key, with their digest. The cost of a change does not depend on the size of
 * the set. The server and the client both use it.
 */
export class PresenceSet<M = Meta> {
  readonly #byRef = new Map<PresenceRef, Presence<M>>()
  readonly #byKey = new KeyIndex()
  #digest = 0

  /** Number of presences, not of keys. */
  get size(): number {
    return this.#byRef.size
  }

  get keyCount(): number {
    return this.#byKey.size
  }

  get digest(): number {
    return this.#digest
  }

  get(ref: PresenceRef): Presence<M> | undefined {
    return this.#byRef.get(ref)
  }

  hasKey(key: Key): boolean {
    return this.#byKey.has(key)
  }

  /** The key's presences, oldest first. Empty if the key is absent. */
  ofKey(key: Key): readonly Presence<M>[] {
    const presences: Presence<M>[] = []
    for (const ref of this.#byKey.of(key)) {
      const held = this.#byRef.get(ref)
      if (held) presences.push(held)
    }
    return presences
  }

  keys(): IterableIterator<Key> {
    return this.#byKey.keys()
  }

  presences(): IterableIterator<Presence<M>> {
    return this.#byRef.values()
  }

  /** Applies joins, updates and leaves. Ignores changes that do not fit, such as an update of an unknown ref. */
  apply(changes: PresenceChanges<M>): AppliedChanges<M> {
    const { joins, updates, leaves } = changes
    // Most diffs change one presence, and a single change cannot cancel out.
    const step =
      joins.length + updates.length + leaves.length === 1 ? new SingleChange<M>() : new NetChanges<M>()
    // Joins before leaves: someone who changes tabs within one diff must not pass through zero presences. (P-2)
    for (const presence of joins) {
      const held = this.#byRef.get(presence.ref)
      // A join of a known presence at the same or an older rev changes nothing. (P-3)
      if (!held || presence.rev > held.rev) this.#put(presence, held, step)
    }
    for (const update of updates) {
      const held = this.#byRef.get(update.ref)
      // A newer rev overtook this one; applying it would go back in time. (P-3)
      if (held && update.rev > held.rev)
        this.#put({ ...held, rev: update.rev, meta: update.meta }, held, step)
    }
    for (const leave of leaves) this.#drop(leave.ref, leave.reason, step)
    return step.result(this.#byKey)
  }

  /**
   * Replaces all presences in one step. A presence that is no longer listed left unnoticed, so its reason is `closed`.
   */
  replace(presences: Iterable<Presence<M>>): AppliedChanges<M> {
    if (this.#byRef.size === 0) return this.#fill(presences)
    const step = new NetChanges<M>()
    const kept = new Map<PresenceRef, Key>()
    for (const presence of presences) {
      kept.set(presence.ref, presence.key)
      const held = this.#byRef.get(presence.ref)
      if (!held || held.rev !== presence.rev || held.key !== presence.key) this.#put(presence, held, step)
    }
    for (const ref of this.#byRef.keys()) if (!kept.has(ref)) this.#drop(ref, 'closed', step)
    // Gives each key's presences the order of the list, also if a new one stands between known ones. Keys with one
    // presence need no order.
    if (this.#byKey.size < this.#byRef.size) for (const [ref, key] of kept) this.#byKey.moveLast(key, ref)
    return step.result(this.#byKey)
  }

  /** Fills an empty set: there is nothing to compare, and every presence joins. */
  #fill(presences: Iterable<Presence<M>>): AppliedChanges<M> {
    for (const presence of presences) this.#byRef.set(presence.ref, presence)
    const joins = [...this.#byRef.values()]
    // Only now, because the last of two presences with the same ref counts.
    for (const { ref, key, rev } of joins) {
      this.#byKey.put(key, ref)
      this.#digest = (this.#digest + digestOfOne(ref, rev)) >>> 0
    }
    return { ...NO_CHANGES, joins, appeared: [...this.#byKey.keys()] }
  }

  #put(presence: Presence<M>, previous: Presence<M> | undefined, step: ChangeCollector<M>): void {
    const { key, ref } = presence
    const isElsewhere = previous?.key !== key
    const isLastOut = previous !== undefined && isElsewhere && this.#byKey.drop(previous.key, ref)
    const isFirstIn = isElsewhere && this.#byKey.put(key, ref)
    this.#byRef.set(ref, presence)
    if (previous) this.#digest -= digestOfOne(ref, previous.rev)
    this.#digest = (this.#digest + digestOfOne(ref, presence.rev)) >>> 0
    step.put(presence, previous, isFirstIn, isLastOut)
  }

  #drop(ref: PresenceRef, reason: LeaveReason, step: ChangeCollector<M>): void {
    const held = this.#byRef.get(ref)
    if (!held) return
    this.#byRef.delete(ref)
    const isLastOut = this.#byKey.drop(held.key, ref)
    this.#digest = (this.#digest - digestOfOne(held.ref, held.rev)) >>> 0
    step.drop(held, reason, isLastOut)
  }
}
