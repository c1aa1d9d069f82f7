import type { Key, PresenceRef } from '../ids'
import type { Meta, PhoenixMeta, Presence, PresenceChanges, PresenceUpdate } from './types'

/*
 *   phx_refs of a key, as Phoenix has them      A --update--> B --update--> C
 *   the presence, as we have it                 ref A, rev 0    rev 1         rev 2
 *
 * Phoenix tells an update as a leave of the old phx_ref and a join of a new one that names the old in `phx_ref_prev`.
 * Here it is one presence all along, whose ref stays. A phx_ref is looked up within its key: a client of a Phoenix
 * server can forge one in its meta, and must not be able to remove another's.
 */

interface Held<M> {
  readonly phxRef: string
  readonly presence: Presence<M>
}

/** The presences of one topic by the refs of a Phoenix server, and what its frames change about them. */
export class PhoenixPresences<M = Meta> {
  // Maps: keys and refs are chosen by strangers. (P-10)
  #refs = new Map<Key, Map<string, PresenceRef>>()
  #held = new Map<PresenceRef, Held<M>>()

  /** In the order of first appearance. */
  presences(): readonly Presence<M>[] {
    return [...this.#held.values()].map(({ presence }) => presence)
  }

  clear(): void {
    this.#refs = new Map()
    this.#held = new Map()
  }

  /** A join of what is held, and a leave of what is not, change nothing: state and diffs overlap. */
  apply(
    joined: readonly PhoenixMeta<M>[],
    left: readonly Pick<PhoenixMeta, 'key' | 'phxRef'>[],
  ): PresenceChanges<M> {
    const joins: Presence<M>[] = []
    const updates: PresenceUpdate<M>[] = []
    for (const meta of inOrderOfUpdate(joined)) {
      const { key, phxRef, phxRefPrev } = meta
      if (this.#refOf(key, phxRef) !== undefined) continue
      const before = phxRefPrev === null ? undefined : this.#take(key, phxRefPrev)
      const presence = before ? updated(before.presence, meta.meta) : this.#presenceOf(meta)
      if (before) updates.push(presence)
      else joins.push(presence)
      this.#put(phxRef, presence)
    }
    // Joins before leaves: an update must have moved on from its old phx_ref before that leaves. (P-3)
    const leaves = left.flatMap(({ key, phxRef }) => {
      const held = this.#take(key, phxRef)
      if (!held) return []
      const { ref } = held.presence
      this.#held.delete(ref)
      return [{ ref, key, reason: 'closed' as const }]
    })
    return { joins, updates, leaves }
  }

  /** Holds exactly these. What is held already, under its own phx_ref or one that names it as the former, stays it. */
  replace(metas: readonly PhoenixMeta<M>[]): void {
    const stays = new Map<Key, Set<string>>()
    for (const { key, phxRef } of metas) {
      const known = stays.get(key)
      if (known) known.add(phxRef)
      else stays.set(key, new Set([phxRef]))
    }
    const next: Held<M>[] = []
    const done = new Map<Key, Set<string>>()
    for (const meta of metas) {
      const { key, phxRef, phxRefPrev } = meta
      const seen = done.get(key) ?? new Set()
      if (seen.has(phxRef)) continue
      done.set(key, seen.add(phxRef))
      const same = this.#take(key, phxRef)
      const isSuccessor = phxRefPrev !== null && !stays.get(key)?.has(phxRefPrev)
      const before = isSuccessor && !same ? this.#take(key, phxRefPrev) : undefined
      const presence = same?.presence ?? (before && updated(before.presence, meta.meta))
      const held = { phxRef, presence: presence ?? this.#presenceOf(meta) }
      // Also where it is about to go: its ref is not given to another within one step.
      this.#held.set(held.presence.ref, held)
      next.push(held)
    }
    this.clear()
    for (const { phxRef, presence } of next) this.#put(phxRef, presence)
  }

  #refOf(key: Key, phxRef: string): PresenceRef | undefined {
    return this.#refs.get(key)?.get(phxRef)
  }

  /** What goes by this phx_ref, which it is about to lose. */
  #take(key: Key, phxRef: string): Held<M> | undefined {
    const refs = this.#refs.get(key)
    const ref = refs?.get(phxRef)
    if (refs === undefined || ref === undefined) return undefined
    refs.delete(phxRef)
    if (refs.size === 0) this.#refs.delete(key)
    return this.#held.get(ref)
  }

  #put(phxRef: string, presence: Presence<M>): void {
    const refs = this.#refs.get(presence.key) ?? new Map<string, PresenceRef>()
    this.#refs.set(presence.key, refs.set(phxRef, presence.ref))
    this.#held.set(presence.ref, { phxRef, presence })
  }

  #presenceOf({ key, phxRef, meta }: PhoenixMeta<M>): Presence<M> {
    let ref = phxRef
    // A phx_ref that somebody forged may be that of another key.
    for (let n = 1; this.#held.has(ref); n++) ref = `${phxRef}~${n}`
    return { ref, key, meta, rev: 0 }
  }
}

function updated<M>({ ref, key, rev }: Presence<M>, meta: M): Presence<M> {
  return { ref, key, meta, rev: rev + 1 }
}

/** Who names another of the same diff as its former comes after it, however the server has listed them. */
function* inOrderOfUpdate<M>(metas: readonly PhoenixMeta<M>[]): Iterable<PhoenixMeta<M>> {
  const waiting = new Map<Key, Map<string, PhoenixMeta<M>>>()
  for (const meta of metas) {
    const ofKey = waiting.get(meta.key) ?? new Map<string, PhoenixMeta<M>>()
    waiting.set(meta.key, ofKey.set(meta.phxRef, meta))
  }
  for (const ofKey of waiting.values()) {
    for (const meta of ofKey.values()) {
      const chain: PhoenixMeta<M>[] = []
      // Each is taken out of the map once, so that a circle that somebody forged has an end.
      for (let next: PhoenixMeta<M> | undefined = meta; next && ofKey.delete(next.phxRef); ) {
        chain.push(next)
        next = next.phxRefPrev === null ? undefined : ofKey.get(next.phxRefPrev)
      }
      yield* chain.reverse()
    }
  }
}
