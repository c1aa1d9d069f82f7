import type { Key, PresenceRef } from '../ids'
import type { Meta, PhoenixMeta, Presence, PresenceChanges, PresenceUpdate } from './presence'

/*
 *   Phoenix's phx_refs of one key     A --update--> B --update--> C
 *   our presence                      ref A, rev 0    rev 1         rev 2
 *
 * Phoenix sends an update as a leave of the old phx_ref and a join of a new one that names the old in `phx_ref_prev`. Here
 * both are one presence with a stable ref. We look a phx_ref up within its key, because a client of a Phoenix server can
 * forge one in its meta and must not be able to remove another's presence.
 *
 * After a restart of the server the same key and meta arrive under a new phx_ref that names no former one. That is the
 * same presence too: a leaving presence of the key with an equal meta gets the new phx_ref.
 */

/** The presences of one topic by the refs of a Phoenix server. Turns its frames into our changes. */
export class PhoenixPresences<M = Meta> {
  // Maps, because strangers choose keys and refs. (P-10)
  #byId = new Map<string, Presence<M>>()
  #byRef = new Map<PresenceRef, Presence<M>>()

  /** All presences, in order of first appearance. */
  presences(): readonly Presence<M>[] {
    return [...this.#byRef.values()]
  }

  clear(): void {
    this.#byId = new Map()
    this.#byRef = new Map()
  }

  /** A join of a known meta and a leave of an unknown one change nothing, because state and diffs overlap. */
  apply(
    joined: readonly PhoenixMeta<M>[],
    left: readonly Pick<PhoenixMeta, 'key' | 'phxRef'>[],
  ): PresenceChanges<M> {
    const joins: Presence<M>[] = []
    const updates: PresenceUpdate<M>[] = []
    const departing = new LeavingPresences<M>(joined, () => this.#heldBy(left))
    for (const meta of sortByUpdate(joined)) {
      const id = idOf(meta.key, meta.phxRef)
      if (this.#byId.has(id)) continue
      const former = this.#takeFormer(meta, departing)
      const presence = former ? withMeta(former, meta.meta) : this.#presenceOf(meta)
      if (!former) joins.push(presence)
      else if (presence !== former) updates.push(presence)
      this.#put(id, presence)
    }
    // Joins before leaves: an update must move the presence to its new phx_ref before the old one leaves. (P-3)
    const leaves = left.flatMap(({ key, phxRef }) => {
      const presence = this.#take(idOf(key, phxRef))
      if (!presence) return []
      const { ref } = presence
      this.#byRef.delete(ref)
      return [{ ref, key, reason: 'closed' as const }]
    })
    return { joins, updates, leaves }
  }

  /** Replaces all presences. A presence stays if its phx_ref is listed, or if a listed meta names it as its former. */
  replace(metas: readonly PhoenixMeta<M>[]): void {
    const listed = new Map(metas.map((meta) => [idOf(meta.key, meta.phxRef), meta]))
    // All listed refs first: a forged `phx_ref_prev` must not take a presence whose own phx_ref is listed.
    const stays = new Map([...listed.keys()].map((id) => [id, this.#take(id)]))
    const departing = new LeavingPresences<M>(metas, () => this.#byId)
    const next = [...listed].map(([id, meta]) => {
      // The meta of a phx_ref never changes.
      const same = stays.get(id)
      const former = same ? undefined : this.#takeFormer(meta, departing)
      const presence = same ?? (former ? withMeta(former, meta.meta) : this.#presenceOf(meta))
      // Refs of leaving presences stay in the map until the end, so that no new presence gets one of them in this step.
      this.#byRef.set(presence.ref, presence)
      return { id, presence }
    })
    this.clear()
    for (const { id, presence } of next) this.#put(id, presence)
  }

  /** Removes the id and returns its presence, whose ref stays in use. */
  #take(id: string | undefined): Presence<M> | undefined {
    if (id === undefined) return undefined
    const presence = this.#byId.get(id)
    this.#byId.delete(id)
    return presence
  }

  /** Takes the presence that this meta names as its former, or else a leaving one with an equal meta. */
  #takeFormer(meta: PhoenixMeta<M>, departing: LeavingPresences<M>): Presence<M> | undefined {
    return this.#take(idOf(meta.key, meta.phxRefPrev)) ?? this.#take(departing.idLike(meta))
  }

  #heldBy(
    metas: readonly Pick<PhoenixMeta, 'key' | 'phxRef'>[],
  ): readonly (readonly [string, Presence<M>])[] {
    return metas.flatMap(({ key, phxRef }) => {
      const id = idOf(key, phxRef)
      const presence = this.#byId.get(id)
      return presence ? [[id, presence] as const] : []
    })
  }

  #put(id: string, presence: Presence<M>): void {
    this.#byId.set(id, presence)
    this.#byRef.set(presence.ref, presence)
  }

  #presenceOf({ key, phxRef, meta }: PhoenixMeta<M>): Presence<M> {
    let ref = phxRef
    // A forged phx_ref may belong to another key.
    for (let n = 1; this.#byRef.has(ref); n++) ref = `${phxRef}~${n}`
    return { ref, key, meta, rev: 0 }
  }
}

/** Id of a phx_ref within its key. No presence has the id of null, which stands for no former. */
function idOf(key: Key, phxRef: string | null): string {
  return JSON.stringify([key, phxRef])
}

/** The presence with this meta; the same object if the meta is equal. */
function withMeta<M>(former: Presence<M>, meta: M): Presence<M> {
  const { ref, key, rev } = former
  return canonicalJson(former.meta) === canonicalJson(meta) ? former : { ref, key, meta, rev: rev + 1 }
}

/** Presences that are about to leave, by key and meta. */
class LeavingPresences<M> {
  readonly #successors: readonly PhoenixMeta<M>[]
  readonly #list: () => Iterable<readonly [string, Presence<M>]>
  #ids: Map<string, string[]> | null = null

  /** Calls `list` once, and only if a meta arrives without a known former. */
  constructor(successors: readonly PhoenixMeta<M>[], list: () => Iterable<readonly [string, Presence<M>]>) {
    this.#successors = successors
    this.#list = list
  }

  /** The id of a leaving presence with the same key and meta. Returns each id once. */
  idLike({ key, meta }: PhoenixMeta<M>): string | undefined {
    this.#ids ??= this.#read()
    return this.#ids.get(canonicalJson([key, meta]))?.shift()
  }

  #read(): Map<string, string[]> {
    const coming = new Set(this.#successors.map(({ key }) => key))
    const named = new Set(this.#successors.map(({ key, phxRefPrev }) => idOf(key, phxRefPrev)))
    const ids = new Map<string, string[]>()
    for (const [id, { key, meta }] of this.#list()) {
      if (!coming.has(key) || named.has(id)) continue
      const like = canonicalJson([key, meta])
      const known = ids.get(like)
      if (known) known.push(id)
      else ids.set(like, [id])
    }
    return ids
  }
}

/** JSON text that is equal for equal values, whatever the order of fields. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    // fromEntries defines fields and never runs a setter: a field called __proto__ stays a field. (P-10)
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

/** Puts each meta after the one in the same diff that it names as its former. */
function* sortByUpdate<M>(metas: readonly PhoenixMeta<M>[]): Iterable<PhoenixMeta<M>> {
  const waiting = new Map(metas.map((meta) => [idOf(meta.key, meta.phxRef), meta]))
  for (const meta of waiting.values()) {
    const chain: PhoenixMeta<M>[] = []
    let next: PhoenixMeta<M> | undefined = meta
    // Removes each meta from the map once, so that a forged circle ends.
    while (next && waiting.delete(idOf(next.key, next.phxRef))) {
      chain.push(next)
      next = waiting.get(idOf(next.key, next.phxRefPrev))
    }
    yield* chain.reverse()
  }
}
