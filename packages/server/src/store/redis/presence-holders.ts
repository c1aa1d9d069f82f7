import type { LeaveReason, PresenceDiff, PresenceRef } from '@rollcall/shared-protocol'
import type { StoredSnapshot } from './scripts/snapshot'

/** The node that holds each presence of one feed. */
export class Holders {
  #byRef = new Map<PresenceRef, string>()
  readonly #counts = new Map<string, number>()
  /** The epoch of the feed. */
  #epoch: string | null = null

  /** The nodes that hold at least one presence. */
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

  /** Another node has adopted the presence. */
  setHolder(ref: PresenceRef, node: string): void {
    if (this.#byRef.has(ref)) this.#put(ref, node)
  }

  /** A node continues under another id. */
  rename(former: readonly string[], node: string): void {
    if (!former.some((id) => this.#counts.has(id))) return
    for (const [ref, holder] of this.#byRef) if (former.includes(holder)) this.#put(ref, node)
  }

  /** The nodes that have not asserted in the snapshot's history and hold presences which the snapshot lacks. */
  awaited({ presences, asserted }: StoredSnapshot): Set<string> {
    const there = new Set(presences.map(({ ref }) => ref))
    const awaited = new Set<string>()
    for (const [ref, node] of this.#byRef) if (!there.has(ref) && !asserted.has(node)) awaited.add(node)
    return awaited
  }

  /** Presences to remove as `node_lost`: their nodes have not asserted in the snapshot's new history. */
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
