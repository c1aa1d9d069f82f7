import type { Key, PresenceRef } from '../ids'
import { digestOfOne } from './digest'
import { KeyIndex } from './key-index'
import { type AppliedChanges, NetStep, NOTHING, OneStep, type Step } from './presence-step'
import type { LeaveReason, Meta, Presence, PresenceChanges } from './types'

/*
 *            apply(changes) / replace(presences)
 *                          |
 *      byRef: ref -> presence        the truth
 *      byKey: key -> refs            who is here, as a person would say it
 *      digest                        kept in step, one addition a change
 *                          |
 *               AppliedChanges: what is different now, net
 */

/**
 * The presences of one topic, by ref and by key, with their digest. Applying a change costs what the change costs,
 * whatever the set holds. Both sides of the wire keep their map in one of these.
 */
export class PresenceSet<M = Meta> {
  readonly #byRef = new Map<PresenceRef, Presence<M>>()
  readonly #byKey = new KeyIndex()
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

  /** Applies joins, updates and leaves; what does not fit (an update of an unknown ref) is passed over. */
  apply(changes: PresenceChanges<M>): AppliedChanges<M> {
    const { joins, updates, leaves } = changes
    // Most diffs tell of one presence, and nothing can cancel out in them.
    const step = joins.length + updates.length + leaves.length === 1 ? new OneStep<M>() : new NetStep<M>()
    // Joins before leaves: someone who changes tabs within one diff must not pass through zero. (P-2)
    for (const presence of joins) {
      const held = this.#byRef.get(presence.ref)
      // A join that repeats what is held, or an older rev of it, is nothing new. (P-3)
      if (!held || presence.rev > held.rev) this.#put(presence, held, step)
    }
    for (const update of updates) {
      const held = this.#byRef.get(update.ref)
      // A rev that is not newer was overtaken: taking it would go back in time. (P-3)
      if (held && update.rev > held.rev)
        this.#put({ ...held, rev: update.rev, meta: update.meta }, held, step)
    }
    for (const leave of leaves) this.#drop(leave.ref, leave.reason, step)
    return step.result(this.#byKey)
  }

  /**
   * Makes the set hold exactly these, in one step. A presence that is not among them left while nobody told us;
   * its reason is `closed`, for want of a better word.
   */
  replace(presences: Iterable<Presence<M>>): AppliedChanges<M> {
    if (this.#byRef.size === 0) return this.#fill(presences)
    const step = new NetStep<M>()
    const kept = new Map<PresenceRef, Key>()
    for (const presence of presences) {
      kept.set(presence.ref, presence.key)
      const held = this.#byRef.get(presence.ref)
      if (!held || held.rev !== presence.rev || held.key !== presence.key) this.#put(presence, held, step)
    }
    for (const ref of this.#byRef.keys()) if (!kept.has(ref)) this.#drop(ref, 'closed', step)
    // A key's presences are in the order that was given, also where one came in between those held. Keys that all have
    // one presence have no order.
    if (this.#byKey.size < this.#byRef.size) for (const [ref, key] of kept) this.#byKey.moveLast(key, ref)
    return step.result(this.#byKey)
  }

  /** Into a set that holds nobody: nothing to compare, and whoever is there came. */
  #fill(presences: Iterable<Presence<M>>): AppliedChanges<M> {
    for (const presence of presences) this.#byRef.set(presence.ref, presence)
    const joins = [...this.#byRef.values()]
    // Only now: of a ref that was named twice the last is the one that counts.
    for (const { ref, key, rev } of joins) {
      this.#byKey.put(key, ref)
      this.#digest = (this.#digest + digestOfOne(ref, rev)) >>> 0
    }
    return { ...NOTHING, joins, appeared: [...this.#byKey.keys()] }
  }

  #put(presence: Presence<M>, previous: Presence<M> | undefined, step: Step<M>): void {
    const { key, ref } = presence
    const isElsewhere = previous?.key !== key
    const isLastOut = previous !== undefined && isElsewhere && this.#byKey.drop(previous.key, ref)
    const isFirstIn = isElsewhere && this.#byKey.put(key, ref)
    this.#byRef.set(ref, presence)
    if (previous) this.#digest -= digestOfOne(ref, previous.rev)
    this.#digest = (this.#digest + digestOfOne(ref, presence.rev)) >>> 0
    step.put(presence, previous, isFirstIn, isLastOut)
  }

  #drop(ref: PresenceRef, reason: LeaveReason, step: Step<M>): void {
    const held = this.#byRef.get(ref)
    if (!held) return
    this.#byRef.delete(ref)
    const isLastOut = this.#byKey.drop(held.key, ref)
    this.#digest = (this.#digest - digestOfOne(held.ref, held.rev)) >>> 0
    step.drop(held, reason, isLastOut)
  }
}
