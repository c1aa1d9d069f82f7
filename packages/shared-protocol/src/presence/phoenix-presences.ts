import type { Key, PresenceRef } from '../ids'
import type { Meta, PhoenixMeta, Presence, PresenceChanges, PresenceUpdate } from './presence'

/*
 *   phx_refs of a key, as Phoenix has them      A --update--> B --update--> C
 *   the presence, as we have it                 ref A, rev 0    rev 1         rev 2
 *
 * Phoenix tells an update as a leave of the old phx_ref and a join of a new one that names the old in `phx_ref_prev`.
 * Here it is one presence all along, whose ref stays. A phx_ref is looked up within its key: a client of a Phoenix
 * server can forge one in its meta, and must not be able to remove another's.
 *
 * After a restart of the server the same key and meta come under a new phx_ref that names no former one. That is the same
 * presence, too: one of its key that is about to go, with an equal meta, takes the new phx_ref.
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
    const departing = new LeavingPresences<M>(metas, () => this.#byId)
    const next = [...listed].map(([id, meta]) => {
      // The meta of one phx_ref never changes.
      const same = stays.get(id)
      const former = same ? undefined : this.#takeFormer(meta, departing)
      const presence = same ?? (former ? withMeta(former, meta.meta) : this.#presenceOf(meta))
      // The refs of those that go stay in the map until the end, so that no other gets one of them within this step.
      this.#byRef.set(presence.ref, presence)
      return { id, presence }
    })
    this.clear()
    for (const { id, presence } of next) this.#put(id, presence)
  }

  /** Removes and returns the presence that goes by this id; its ref stays in use. */
  #take(id: string | undefined): Presence<M> | undefined {
    if (id === undefined) return undefined
    const presence = this.#byId.get(id)
    this.#byId.delete(id)
    return presence
  }

  /** Takes the presence that this meta names as its former, or else one that goes and says the same. */
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
    // A phx_ref that somebody forged may be that of another key.
    for (let n = 1; this.#byRef.has(ref); n++) ref = `${phxRef}~${n}`
    return { ref, key, meta, rev: 0 }
  }
}

/** Names a phx_ref within its key. No presence goes by null, the `phx_ref_prev` of one that has no former. */
function idOf(key: Key, phxRef: string | null): string {
  return JSON.stringify([key, phxRef])
}

/** The presence with this meta: the same object where it says the same as before. */
function withMeta<M>(former: Presence<M>, meta: M): Presence<M> {
  const { ref, key, rev } = former
  return canonicalJson(former.meta) === canonicalJson(meta) ? former : { ref, key, meta, rev: rev + 1 }
}

/** What is about to go, by key and meta. */
class LeavingPresences<M> {
  readonly #successors: readonly PhoenixMeta<M>[]
  readonly #list: () => Iterable<readonly [string, Presence<M>]>
  #ids: Map<string, string[]> | null = null

  /** `list` is called once, and only where a meta comes that names no former phx_ref which is held. */
  constructor(successors: readonly PhoenixMeta<M>[], list: () => Iterable<readonly [string, Presence<M>]>) {
    this.#successors = successors
    this.#list = list
  }

  /** The id of one that goes while the same key and meta come; each is given once. */
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

/** The value as text that is the same for the same value, in whatever order its objects name their fields. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    // fromEntries defines fields and never runs a setter: a field called __proto__ stays a field. (P-10)
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

/** Each meta after the one of the same diff that it names as its former, in whatever order the server lists them. */
function* sortByUpdate<M>(metas: readonly PhoenixMeta<M>[]): Iterable<PhoenixMeta<M>> {
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
