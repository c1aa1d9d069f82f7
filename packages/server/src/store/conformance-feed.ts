import assert from 'node:assert/strict'
import {
  continuityOf,
  digestOf,
  type Position,
  type Presence,
  type PresenceDiff,
  PresenceSet,
  type PresenceSnapshot,
} from '@rollcall/shared-protocol'
import type { StoreMessage, TopicFeed } from './store'

/** A feed that keeps what it was told, holds the map that follows from it, and notes whatever a store may not do. */
export class RecordingFeed implements TopicFeed {
  readonly snapshots: PresenceSnapshot[] = []
  readonly diffs: PresenceDiff[] = []
  readonly messages: StoreMessage[] = []
  /** Broken promises of the store, in words. A feed must not throw, so they are looked at afterwards. */
  readonly problems: string[] = []
  readonly #set = new PresenceSet()
  #position: Position | null = null

  get position(): Position | null {
    return this.#position
  }

  /** Everybody, by ref. */
  get presences(): Presence[] {
    return byRef(this.#set.presences())
  }

  /** Calls of any kind. */
  get callCount(): number {
    return this.snapshots.length + this.diffs.length + this.messages.length
  }

  onSnapshot(snapshot: PresenceSnapshot): void {
    this.snapshots.push(snapshot)
    this.#set.replace(snapshot.presences)
    this.#position = { epoch: snapshot.epoch, seq: snapshot.seq }
    this.#checkDigest('The snapshot', snapshot.digest)
  }

  onDiff(diff: PresenceDiff): void {
    this.diffs.push(diff)
    const { epoch, base, seq } = diff
    if (continuityOf(this.#position, diff) !== 'apply') {
      this.problems.push(
        `A diff from ${base} to ${seq} of ${epoch} came at ${JSON.stringify(this.#position)}.`,
      )
    }
    if (seq <= base) this.problems.push(`A diff leads from ${base} to ${seq}.`)
    const { joins, updates, leaves } = this.#set.apply(diff)
    if (joins.length !== diff.joins.length || updates.length !== diff.updates.length) {
      this.problems.push(`The diff to ${seq} joins or updates what is there already.`)
    }
    if (leaves.length !== diff.leaves.length) this.problems.push(`The diff to ${seq} drops who is not there.`)
    this.#position = { epoch, seq }
    this.#checkDigest(`The diff to ${seq}`, diff.digest)
  }

  onMessage(message: StoreMessage): void {
    this.messages.push(message)
  }

  /** Fails where the store broke a promise. */
  verify(): void {
    assert.deepEqual(this.problems, [])
  }

  #checkDigest(what: string, digest: number): void {
    const actual = digestOf(this.#set.presences())
    if (digest !== actual) this.problems.push(`${what} has the digest ${digest}; it leads to ${actual}.`)
  }
}

/** Sorted by ref: a store gives no order to the presences of a snapshot. */
export function byRef(presences: Iterable<Presence>): Presence[] {
  return [...presences].sort((a, b) => (a.ref < b.ref ? -1 : 1))
}
