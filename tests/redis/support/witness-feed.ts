import type { TopicFeed } from '@rollcall/server'
import {
  continuityOf,
  digestOf,
  type LeaveReason,
  type Presence,
  PresenceSet,
} from '@rollcall/shared-protocol'

type Snapshot = Parameters<TopicFeed['onSnapshot']>[0]
type Diff = Parameters<TopicFeed['onDiff']>[0]

/** A feed that holds the map, keeps every leave that it was told of, and notes whatever a store may not do. */
export class WitnessFeed implements TopicFeed {
  readonly #set = new PresenceSet()
  #position: { epoch: string; seq: number } | null = null
  /** Every leave, also those that a snapshot tells by leaving somebody out; `gone` where it does not say why. */
  readonly leaves: { readonly ref: string; readonly reason: LeaveReason | 'gone' }[] = []
  readonly joins: string[] = []
  readonly problems: string[] = []
  snapshots = 0
  diffs = 0

  get refs(): string[] {
    return this.presences.map(({ ref }) => ref)
  }

  get presences(): Presence[] {
    return [...this.#set.presences()].sort((a, b) => (a.ref < b.ref ? -1 : 1))
  }

  get epoch(): string | null {
    return this.#position?.epoch ?? null
  }

  onSnapshot(snapshot: Snapshot, reasons?: ReadonlyMap<string, LeaveReason>): void {
    this.snapshots++
    const { joins, leaves } = this.#set.replace(snapshot.presences)
    for (const { presence } of leaves) {
      const { ref } = presence
      this.leaves.push({ ref, reason: reasons?.get(ref) ?? 'gone' })
    }
    for (const { ref } of joins) this.joins.push(ref)
    this.#position = { epoch: snapshot.epoch, seq: snapshot.seq }
    this.#check(snapshot.digest)
  }

  onDiff(diff: Diff): void {
    this.diffs++
    if (continuityOf(this.#position, diff) !== 'apply') {
      this.problems.push(`a diff from ${diff.base} of ${diff.epoch} at ${JSON.stringify(this.#position)}`)
    }
    const { joins, leaves, updates } = this.#set.apply(diff)
    if (joins.length !== diff.joins.length) this.problems.push(`joins twice at ${diff.seq}`)
    if (updates.length !== diff.updates.length) this.problems.push(`updates in vain at ${diff.seq}`)
    if (leaves.length !== diff.leaves.length) this.problems.push(`leaves twice at ${diff.seq}`)
    for (const { presence, reason } of leaves) this.leaves.push({ ref: presence.ref, reason })
    for (const { ref } of joins) this.joins.push(ref)
    this.#position = { epoch: diff.epoch, seq: diff.seq }
    this.#check(diff.digest)
  }

  onMessage(): void {}

  #check(digest: number): void {
    const actual = digestOf(this.#set.presences())
    if (actual !== digest) this.problems.push(`digest ${digest}, but it leads to ${actual}`)
  }
}
