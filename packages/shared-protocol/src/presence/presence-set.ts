import type { Key, PresenceRef } from '../ids'
import { digestOfOne } from './digest'
import { KeyIndex } from './key-index'
import type { LeaveReason, Meta, Presence, PresenceChanges } from './types'

/*
 *            apply(changes) / replace(presences)
 *                          |
 *      byRef: ref -> presence        the truth
 *      byKey: key -> presences       who is here, as a person would say it
 *      digest                        kept in step, one addition a change
 *                          |
 *               AppliedChanges: what is different now, net
 */

/** What a change made of a set, net: nothing that came and went within it, nothing that stayed the same. */
export interface AppliedChanges<M> {
  readonly joins: readonly Presence<M>[]
  readonly updates: readonly { readonly presence: Presence<M>; readonly previous: Presence<M> }[]
  readonly leaves: readonly { readonly presence: Presence<M>; readonly reason: LeaveReason }[]
  /** Keys that had no presence before and have one now: first one in. (P-4) */
  readonly appeared: readonly Key[]
  /** Keys that had a presence before and have none now: last one out. (P-4) */
  readonly disappeared: readonly Key[]
}

/**
 * The presences of one topic, by ref and by key, with their digest. Applying a change costs what the change costs,
 * whatever the set holds. Both sides of the wire keep their map in one of these.
 */
export class PresenceSet<M = Meta> {
  readonly #byRef = new Map<PresenceRef, Presence<M>>()
  readonly #byKey = new KeyIndex<M>()
  #digest = 0

  /** Presences, not keys. */
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

  /** The key's presences, oldest first; none where the key is absent. */
  ofKey(key: Key): readonly Presence<M>[] {
    return this.#byKey.of(key)
  }

  keys(): IterableIterator<Key> {
    return this.#byKey.keys()
  }

  presences(): IterableIterator<Presence<M>> {
    return this.#byRef.values()
  }

  /** Applies joins, updates and leaves; what does not fit (an update of an unknown ref) is passed over. */
  apply(changes: PresenceChanges<M>): AppliedChanges<M> {
    const step = new Step(this.#byKey)
    // Joins before leaves: someone who changes tabs within one diff must not pass through zero. (P-2)
    for (const presence of changes.joins) {
      const held = this.#byRef.get(presence.ref)
      // A join that repeats what is held, or an older rev of it, is nothing new. (P-3)
      if (!held || presence.rev > held.rev) this.#put(presence, step)
    }
    for (const update of changes.updates) {
      const held = this.#byRef.get(update.ref)
      // A rev that is not newer was overtaken: taking it would go back in time. (P-3)
      if (held && update.rev > held.rev) this.#put({ ...held, rev: update.rev, meta: update.meta }, step)
    }
    for (const leave of changes.leaves) this.#drop(leave.ref, leave.reason, step)
    return step.result()
  }

  /**
   * Makes the set hold exactly these, in one step. A presence that is not among them left while nobody told us;
   * its reason is `closed`, for want of a better word.
   */
  replace(presences: Iterable<Presence<M>>): AppliedChanges<M> {
    const step = new Step(this.#byKey)
    const kept = new Set<PresenceRef>()
    for (const presence of presences) {
      kept.add(presence.ref)
      const held = this.#byRef.get(presence.ref)
      if (!held || held.rev !== presence.rev || held.key !== presence.key) this.#put(presence, step)
    }
    for (const ref of [...this.#byRef.keys()]) if (!kept.has(ref)) this.#drop(ref, 'closed', step)
    return step.result()
  }

  #put(presence: Presence<M>, step: Step<M>): void {
    const previous = this.#byRef.get(presence.ref)
    step.touch(presence.key)
    if (previous) {
      step.touch(previous.key)
      this.#digest -= digestOfOne(previous.ref, previous.rev)
      if (previous.key !== presence.key) this.#byKey.drop(previous)
    }
    this.#byRef.set(presence.ref, presence)
    this.#byKey.put(presence)
    this.#digest = (this.#digest + digestOfOne(presence.ref, presence.rev)) >>> 0
    step.put(presence, previous)
  }

  #drop(ref: PresenceRef, reason: LeaveReason, step: Step<M>): void {
    const held = this.#byRef.get(ref)
    if (!held) return
    step.touch(held.key)
    this.#byRef.delete(ref)
    this.#byKey.drop(held)
    this.#digest = (this.#digest - digestOfOne(held.ref, held.rev)) >>> 0
    step.drop(held, reason)
  }
}

/** Collects the net effect of one call, so that a presence which is named twice is told once. */
class Step<M> {
  readonly #byKey: KeyIndex<M>
  readonly #wasPresent = new Map<Key, boolean>()
  readonly #before = new Map<PresenceRef, Presence<M> | undefined>()
  readonly #after = new Map<PresenceRef, Presence<M> | LeaveReason>()

  constructor(byKey: KeyIndex<M>) {
    this.#byKey = byKey
  }

  /** Must come before the change: it remembers whether the key was present. */
  touch(key: Key): void {
    if (!this.#wasPresent.has(key)) this.#wasPresent.set(key, this.#byKey.has(key))
  }

  put(presence: Presence<M>, previous: Presence<M> | undefined): void {
    if (!this.#before.has(presence.ref)) this.#before.set(presence.ref, previous)
    this.#after.set(presence.ref, presence)
  }

  drop(held: Presence<M>, reason: LeaveReason): void {
    if (!this.#before.has(held.ref)) this.#before.set(held.ref, held)
    this.#after.set(held.ref, reason)
  }

  result(): AppliedChanges<M> {
    const joins: Presence<M>[] = []
    const updates: { presence: Presence<M>; previous: Presence<M> }[] = []
    const leaves: { presence: Presence<M>; reason: LeaveReason }[] = []
    for (const [ref, after] of this.#after) {
      const before = this.#before.get(ref)
      if (typeof after === 'string') {
        if (before) leaves.push({ presence: before, reason: after })
      } else if (!before) joins.push(after)
      else updates.push({ presence: after, previous: before })
    }
    const appeared: Key[] = []
    const disappeared: Key[] = []
    for (const [key, wasPresent] of this.#wasPresent) {
      const isPresent = this.#byKey.has(key)
      if (isPresent && !wasPresent) appeared.push(key)
      else if (!isPresent && wasPresent) disappeared.push(key)
    }
    return { joins, updates, leaves, appeared, disappeared }
  }
}
