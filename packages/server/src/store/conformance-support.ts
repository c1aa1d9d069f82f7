import assert from 'node:assert/strict'
import type { Key, LeaveReason, Presence, Topic } from '@rollcall/shared-protocol'
import { RecordingFeed } from './conformance-feed'
import type { Change, NodeEvents, Store } from './store'

/** The functions of a test runner. */
export interface ConformanceRunner {
  describe(name: string, body: () => void): void
  test(name: string, body: () => Promise<void>): void
}

/** Nodes that share one presence system, apart from those of every other test. */
export interface OpenNodes {
  readonly nodes: readonly Store[]
  /** Lets go of whatever was made for them; they are closed already. */
  dispose?(): Promise<void>
}

export type DefineTest = (name: string, count: number, body: (...nodes: Node[]) => Promise<void>) => void

/** A node's store, and what it was told beside what happens in topics. */
export interface Node extends Store {
  readonly told: RecordingEvents
}

export class RecordingEvents implements NodeEvents {
  readonly taken: string[] = []

  onSessionTaken(id: string): void {
    this.taken.push(id)
  }

  onReachable(): void {}
}

/** Connects a node, as a server does before anything else. */
export function connected(store: Store): Node {
  const told = new RecordingEvents()
  store.connect(told)
  return Object.assign(store, { told })
}

export const topic: Topic = 'room:conformance'

/** On behalf of an owner of its own. */
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
