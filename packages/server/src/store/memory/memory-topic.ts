import {
  type Epoch,
  type LeaveReason,
  type Presence,
  type PresenceChanges,
  type PresenceLeave,
  type PresenceRef,
  PresenceSet,
  type PresenceSnapshot,
  type PresenceUpdate,
} from '@rollcall/shared-protocol'
import type { Change, TopicFeed } from '../store'

/** The node that put or adopted a presence, and the presence's owner. */
interface Hold<Node> {
  node: Node
  readonly owner: string
}

/** One topic of a memory store: its presences, their holders and its feeds. */
export class MemoryTopic<Node> {
  readonly epoch: Epoch
  readonly set = new PresenceSet()
  readonly feeds = new Map<TopicFeed, Node>()
  readonly #holds = new Map<PresenceRef, Hold<Node>>()
  readonly #byOwner = new Map<string, PresenceRef>()
  #seq = 0

  constructor(epoch: Epoch) {
    this.epoch = epoch
  }

  get seq(): number {
    return this.#seq
  }

  snapshot(): PresenceSnapshot {
    const { epoch, seq } = this
    return { epoch, seq, digest: this.set.digest, presences: [...this.set.presences()] }
  }

  /** Applies changes of presences that the node holds, and new ones. Ignores the others. */
  commit(node: Node, changes: readonly Change[]): void {
    const owners = new Map<PresenceRef, string>()
    const open = changes.filter((change) => {
      if (change.op === 'put') owners.set(change.ref, change.owner)
      const hold = this.#holds.get(change.ref)
      return !hold || hold.node === node
    })
    this.#commit(sortChanges(this.set, open), node, owners)
  }

  /** Makes the owner's presence the node's, and returns it; null if there is none. */
  adopt(node: Node, owner: string): Presence | null {
    const ref = this.#byOwner.get(owner)
    const hold = ref === undefined ? undefined : this.#holds.get(ref)
    if (ref === undefined || !hold) return null
    hold.node = node
    return this.set.get(ref) ?? null
  }

  /** Removes all presences that the node holds. */
  dropAllOf(node: Node, reason: LeaveReason): void {
    const leaves: PresenceLeave[] = []
    for (const { ref, key } of this.set.presences())
      if (this.#holds.get(ref)?.node === node) leaves.push({ ref, key, reason })
    this.#commit({ joins: [], updates: [], leaves }, node, new Map())
  }

  #commit(changes: PresenceChanges, node: Node, owners: ReadonlyMap<PresenceRef, string>): void {
    const { joins, updates, leaves } = this.set.apply(changes)
    if (joins.length + updates.length + leaves.length === 0) return
    for (const { ref } of joins) {
      const owner = owners.get(ref) ?? ''
      this.#holds.set(ref, { node, owner })
      this.#byOwner.set(owner, ref)
    }
    for (const { presence } of leaves) this.#release(presence.ref)
    const base = this.#seq++
    const diff = {
      epoch: this.epoch,
      base,
      seq: this.#seq,
      digest: this.set.digest,
      joins,
      updates: updates.map(({ presence: { ref, rev, meta } }) => ({ ref, rev, meta })),
      leaves: leaves.map(({ presence: { ref, key }, reason }) => ({ ref, key, reason })),
    }
    // A feed may cancel another during its call. The cancelled one must get nothing more.
    for (const feed of [...this.feeds.keys()]) if (this.feeds.has(feed)) feed.onDiff(diff)
  }

  #release(ref: PresenceRef): void {
    const hold = this.#holds.get(ref)
    this.#holds.delete(ref)
    // The owner may have a new one already: a track under another key puts the new one before it drops this one.
    if (hold && this.#byOwner.get(hold.owner) === ref) this.#byOwner.delete(hold.owner)
  }
}

/** Sorts changes into joins, updates and leaves of the set. A ref that is put and dropped in one commit cancels out. */
function sortChanges(set: PresenceSet, changes: readonly Change[]): PresenceChanges {
  const joins = new Map<string, Presence>()
  const updates: PresenceUpdate[] = []
  const leaves: PresenceLeave[] = []
  for (const change of changes) {
    const held = set.get(change.ref)
    if (change.op === 'drop') {
      if (!joins.delete(change.ref) && held)
        leaves.push({ ref: held.ref, key: held.key, reason: change.reason })
    } else if (held && held.key === change.key)
      updates.push({ ref: change.ref, rev: change.rev, meta: change.meta })
    else if (!held) {
      const earlier = joins.get(change.ref)
      if (!earlier || change.rev > earlier.rev) {
        joins.set(change.ref, { ref: change.ref, key: change.key, meta: change.meta, rev: change.rev })
      }
    }
  }
  return { joins: [...joins.values()], updates, leaves }
}
