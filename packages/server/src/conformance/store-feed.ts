import assert from 'node:assert/strict'
import {
  continuityOf,
  digestOf,
  type Key,
  type LeaveReason,
  type Position,
  type Presence,
  type PresenceDiff,
  PresenceSet,
  type PresenceSnapshot,
  type Topic,
} from '@rollcall/shared-protocol'
import type { Change, NodeEvents, Store, StoreMessage, TopicFeed } from '../store/store'

/** The functions of a test runner. */
export interface ConformanceRunner {
  describe(name: string, body: () => void): void
  test(name: string, body: () => Promise<void>): void
}

/** Nodes that share one presence system, isolated from every other test. */
export interface OpenNodes {
  readonly nodes: readonly Store[]
  /** Releases other resources. The nodes are already closed. */
  dispose?(): Promise<void>
}

export type DefineTest = (name: string, count: number, body: (...nodes: Node[]) => Promise<void>) => void

/** A node's store with its recorded node events. */
export interface Node extends Store {
  readonly events: RecordingEvents
}

export class RecordingEvents implements NodeEvents {
  readonly claimedSessions: string[] = []

  onSessionClaimed(id: string): void {
    this.claimedSessions.push(id)
  }

  onReachable(): void {}
}

/** Connects a node, as a server does first. */
export function connected(store: Store): Node {
  const events = new RecordingEvents()
  store.connect(events)
  return Object.assign(store, { events })
}

export const topic: Topic = 'room:conformance'

/** Creates a put whose owner is unique to the ref. */
export function put(ref: string, key: Key, rev = 0, meta: Presence['meta'] = { rev }): Change {
  return { op: 'put', ref, key, meta, rev, owner: ownerOf(ref) }
}

export function ownerOf(ref: string): string {
  return `owner of ${ref}`
}

export function drop(ref: string, reason: LeaveReason = 'left'): Change {
  return { op: 'drop', ref, reason }
}

export function presence(ref: string, key: Key, rev = 0): Presence {
  return { ref, key, meta: { rev }, rev }
}

export async function follow(store: Store, name: Topic = topic): Promise<RecordingFeed> {
  const feed = new RecordingFeed()
  await store.subscribe(name, feed)
  assert.equal(feed.snapshots.length, 1, 'A subscription resolves once the feed has had its first snapshot.')
  return feed
}

/** A feed that records all calls, applies them to a set, and notes violations of the store's contract. */
export class RecordingFeed implements TopicFeed {
  readonly snapshots: PresenceSnapshot[] = []
  readonly diffs: PresenceDiff[] = []
  readonly messages: StoreMessage[] = []
  /** Violations of the store's contract. A feed must not throw, so {@link verify} reports them. */
  readonly problems: string[] = []
  readonly #set = new PresenceSet()
  #position: Position | null = null

  get position(): Position | null {
    return this.#position
  }

  /** All presences, sorted by ref. */
  get presences(): Presence[] {
    return byRef(this.#set.presences())
  }

  /** Number of calls of any kind. */
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

  /** Throws if the store violated its contract. */
  verify(): void {
    assert.deepEqual(this.problems, [])
  }

  #checkDigest(what: string, digest: number): void {
    const actual = digestOf(this.#set.presences())
    if (digest !== actual) this.problems.push(`${what} has the digest ${digest}; it leads to ${actual}.`)
  }
}

/** Sorts by ref, because a snapshot has no defined order. */
export function byRef(presences: Iterable<Presence>): Presence[] {
  return [...presences].sort((a, b) => (a.ref < b.ref ? -1 : 1))
}
