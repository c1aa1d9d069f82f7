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

/** The presences of one topic by the refs of a Phoenix server, and what its frames change about them. */
export class PhoenixPresences<M = Meta> {
  // Maps: keys and refs are chosen by strangers. (P-10)
  #byId = new Map<string, Presence<M>>()
  #byRef = new Map<PresenceRef, Presence<M>>()

  /** In the order of first appearance. */
  presences(): readonly Presence<M>[] {
    return [...this.#byRef.values()]
  }

  clear(): void {
    this.#byId = new Map()
    this.#byRef = new Map()
  }

  /** A join of what is held, and a leave of what is not, change nothing: state and diffs overlap. */
  apply(
    joined: readonly PhoenixMeta<M>[],
    left: readonly Pick<PhoenixMeta, 'key' | 'phxRef'>[],
  ): PresenceChanges<M> {
    const joins: Presence<M>[] = []
    const updates: PresenceUpdate<M>[] = []
    for (const meta of inOrderOfUpdate(joined)) {
      const id = idOf(meta.key, meta.phxRef)
      if (this.#byId.has(id)) continue
      const update = this.#takeUpdated(meta)
      const presence = update ?? this.#presenceOf(meta)
      if (update) updates.push(update)
      else joins.push(presence)
      this.#put(id, presence)
    }
    // Joins before leaves: an update must have moved on from its old phx_ref before that leaves. (P-3)
    const leaves = left.flatMap(({ key, phxRef }) => {
      const presence = this.#take(idOf(key, phxRef))
      if (!presence) return []
      const { ref } = presence
      this.#byRef.delete(ref)
      return [{ ref, key, reason: 'closed' as const }]
    })
    return { joins, updates, leaves }
  }

  /** Holds exactly these. A presence stays if its own phx_ref is listed, or else one that names it as the former. */
  replace(metas: readonly PhoenixMeta<M>[]): void {
    const listed = new Map(metas.map((meta) => [idOf(meta.key, meta.phxRef), meta]))
    // All of these first: a forged `phx_ref_prev` must not take a presence whose own phx_ref is listed, too.
    const stays = new Map([...listed.keys()].map((id) => [id, this.#take(id)]))
    const next = [...listed].map(([id, meta]) => {
      const presence = stays.get(id) ?? this.#takeUpdated(meta) ?? this.#presenceOf(meta)
      // The refs of those that go stay in the map until the end, so that no other gets one of them within this step.
      this.#byRef.set(presence.ref, presence)
      return { id, presence }
    })
    this.clear()
    for (const { id, presence } of next) this.#put(id, presence)
  }

  /** Removes and returns the presence that goes by this id; its ref stays in use. */
  #take(id: string): Presence<M> | undefined {
    const presence = this.#byId.get(id)
    this.#byId.delete(id)
    return presence
  }

  /** Takes the presence that this meta names as its former, and returns it with the new meta. */
  #takeUpdated({ key, phxRefPrev, meta }: PhoenixMeta<M>): Presence<M> | undefined {
    const former = this.#take(idOf(key, phxRefPrev))
    return former && { ref: former.ref, key, meta, rev: former.rev + 1 }
  }

  #put(id: string, presence: Presence<M>): void {
    this.#byId.set(id, presence)
    this.#byRef.set(presence.ref, presence)
  }

  #presenceOf({ key, phxRef, meta }: PhoenixMeta<M>): Presence<M> {
    let ref = phxRef
    // A phx_ref that somebody forged may be that of another key.
    for (let n = 1; this.#byRef.has(ref); n++) ref = `${phxRef}~${n}`
    return { ref, key, meta, rev: 0 }
  }
}

/** Names a phx_ref within its key. No presence goes by null, the `phx_ref_prev` of one that has no former. */
function idOf(key: Key, phxRef: string | null): string {
  return JSON.stringify([key, phxRef])
}

/** Each meta after the one of the same diff that it names as its former, in whatever order the server lists them. */
function* inOrderOfUpdate<M>(metas: readonly PhoenixMeta<M>[]): Iterable<PhoenixMeta<M>> {
  const waiting = new Map(metas.map((meta) => [idOf(meta.key, meta.phxRef), meta]))
  for (const meta of waiting.values()) {
    const chain: PhoenixMeta<M>[] = []
    let next: PhoenixMeta<M> | undefined = meta
    // Each is taken out of the map once, so that a circle that somebody forged has an end.
    while (next && waiting.delete(idOf(next.key, next.phxRef))) {
      chain.push(next)
      next = waiting.get(idOf(next.key, next.phxRefPrev))
    }
    yield* chain.reverse()
  }
}
