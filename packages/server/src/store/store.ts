import type {
  JsonValue,
  Key,
  LeaveReason,
  Meta,
  Position,
  PresenceDiff,
  PresenceRef,
  PresenceSnapshot,
  Topic,
} from '@rollcall/shared-protocol'

/*
 * The authority for presences and their order.
 *
 *    node A                        store                        node B
 *      | commit(topic, changes) ---> |                            |
 *      |                             | one atomic step, one seq   |
 *      | <--- feed.onDiff ---------- | ---------- feed.onDiff --> |
 *      | <--- position ------------- |                            |
 *
 * A store that a third party writes is right when it passes `@rollcall/server/store-conformance`.
 */

/** A presence as it is from now on: new, or an update with a higher `rev`. */
export interface PutChange {
  readonly op: 'put'
  readonly ref: PresenceRef
  readonly key: Key
  readonly meta: Meta
  readonly rev: number
}

export interface DropChange {
  readonly op: 'drop'
  readonly ref: PresenceRef
  readonly reason: LeaveReason
}

export type Change = PutChange | DropChange

/** A channel's message to the members of the topic on the other nodes. */
export interface StoreMessage {
  readonly event: string
  readonly payload: JsonValue
  /** Whether `payload` is the base64 text of bytes. To be passed on as it is: a store carries JSON and nothing else. */
  readonly isBinary?: true
}

/** What a node is told of a topic, in the topic's one order. Must not throw. */
export interface TopicFeed {
  /** The state to go on from: first of all, and again whenever the store cannot tell what was missed. */
  onSnapshot(snapshot: PresenceSnapshot): void
  /** Every later change; each diff's `base` is the `seq` before it. */
  onDiff(diff: PresenceDiff): void
  /** What another node published. */
  onMessage(message: StoreMessage): void
}

export interface Subscription {
  /** No call reaches the feed after this. */
  cancel(): void
}

/** One node's access to the store. Several nodes that share their data form one presence system. */
export interface Store {
  /**
   * Applies the changes as one atomic step of the topic's history and resolves with its position. By then this
   * node's own feed has had the diff. A put that is not newer and a drop of an unknown ref have no effect; a step
   * without any effect takes no `seq`. Rejects where nothing was applied.
   */
  commit(topic: Topic, changes: readonly Change[]): Promise<Position>

  /** Resolves once the feed has had its first snapshot. */
  subscribe(topic: Topic, feed: TopicFeed): Promise<Subscription>

  /** The topic's state now, without subscribing. A topic that nobody is in is empty, not an error. */
  read(topic: Topic): Promise<PresenceSnapshot>

  /** Tells the topic's feeds on all other nodes; at most once each, in the order of this node's calls. */
  publish(topic: Topic, message: StoreMessage): Promise<void>

  /** Ends every subscription of this node and lets go of what it holds. */
  close(): Promise<void>
}
