import type { LeaveReason, PresenceDiff, PresenceRef } from '@rollcall/shared-protocol'
import type { StoredSnapshot } from './scripts/snapshot'

/** Which node holds each presence of a topic, as a feed was told. */
export class Holders {
  #byRef = new Map<PresenceRef, string>()
  readonly #counts = new Map<string, number>()
  /** The history that the feed was told of. */
  #epoch: string | null = null

  /** The nodes that hold anything. */
  nodes(): IterableIterator<string> {
    return this.#counts.keys()
  }

  replace({ epoch, presences, holders }: StoredSnapshot): void {
    this.#epoch = epoch
    this.#byRef = new Map()
    this.#counts.clear()
    for (const [i, { ref }] of presences.entries()) this.#put(ref, holders[i] as string)
  }

  apply({ joins, leaves }: PresenceDiff, node: string): void {
    for (const { ref } of joins) this.#put(ref, node)
    for (const { ref } of leaves) this.#drop(ref)
  }

  /** The presence is another node's. */
  setHolder(ref: PresenceRef, node: string): void {
    if (this.#byRef.has(ref)) this.#put(ref, node)
  }

  /** A node goes by another id. */
  rename(former: readonly string[], node: string): void {
    if (!former.some((id) => this.#counts.has(id))) return
    for (const [ref, holder] of this.#byRef) if (former.includes(holder)) this.#put(ref, node)
  }

  /** The nodes of presences that a snapshot does not have and of which no assertion in its history tells. */
  awaited({ presences, asserted }: StoredSnapshot): Set<string> {
    const there = new Set(presences.map(({ ref }) => ref))
    const awaited = new Set<string>()
    for (const [ref, node] of this.#byRef) if (!there.has(ref) && !asserted.has(node)) awaited.add(node)
    return awaited
  }

  /** Presences that are lost with their nodes, which have said nothing in the snapshot's new history. */
  *lost(snapshot: StoredSnapshot): Iterable<[PresenceRef, LeaveReason]> {
    if (snapshot.epoch === this.#epoch) return
    const nodes = this.awaited(snapshot)
    for (const [ref, node] of this.#byRef) if (nodes.has(node)) yield [ref, 'node_lost']
  }

  #put(ref: PresenceRef, node: string): void {
    this.#drop(ref)
    this.#byRef.set(ref, node)
    this.#counts.set(node, (this.#counts.get(node) ?? 0) + 1)
  }

  #drop(ref: PresenceRef): void {
    const node = this.#byRef.get(ref)
    if (node === undefined) return
    this.#byRef.delete(ref)
    const left = (this.#counts.get(node) ?? 0) - 1
    if (left > 0) this.#counts.set(node, left)
    else this.#counts.delete(node)
  }
}
