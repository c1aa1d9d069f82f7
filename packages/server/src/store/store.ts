import {
  isBinary,
  type JsonValue,
  type Key,
  type LeaveReason,
  type Meta,
  type Payload,
  type Position,
  type Presence,
  type PresenceDiff,
  type PresenceRef,
  type PresenceSnapshot,
  type Topic,
} from '@rollcall/shared-protocol'

/*
 * The store decides which presences exist, and in which order they change.
 *
 *    node A                        store                        node B
 *      | commit(topic, changes) ---> |                            |
 *      |                             | one commit, one seq        |
 *      | <--- feed.onDiff ---------- | ---------- feed.onDiff --> |
 *      | <--- position ------------- |                            |
 *
 * A store of your own is correct if it passes `@rollcall/server/store-conformance`.
 */

/** Adds a presence, or updates it with a higher `rev`. */
export interface PutChange {
  readonly op: 'put'
  readonly ref: PresenceRef
  readonly key: Key
  readonly meta: Meta
  readonly rev: number
  /** The id of the session, or of another owner, that the presence belongs to. An owner has at most one per topic. */
  readonly owner: string
}

export interface DropChange {
  readonly op: 'drop'
  readonly ref: PresenceRef
  readonly reason: LeaveReason
}

export type Change = PutChange | DropChange

/** A broadcast of a channel to the topic's members on the other nodes. */
export interface StoreMessage {
  readonly event: string
  readonly payload: JsonValue
  /** Set if `payload` is the base64 text of bytes. Pass it on unchanged: a store carries only JSON. */
  readonly isBinary?: true
}

/** The reasons of leaves, by ref. */
export type LeaveReasons = ReadonlyMap<PresenceRef, LeaveReason>

/** Receives a topic's changes, in the topic's order. Its methods must not throw. */
export interface TopicFeed {
  /**
   * The topic's state: first of all, and again whenever the store does not know which changes the feed has missed.
   *
   * @param reasons reasons of leaves since the feed's last state, as far as the store knows them; the other leaves count as
   * `closed`. It may hold refs that the feed never had.
   */
  onSnapshot(snapshot: PresenceSnapshot, reasons?: LeaveReasons): void
  /** A later change. Its `base` is the `seq` of the state before it. */
  onDiff(diff: PresenceDiff): void
  /** A broadcast of another node. */
  onMessage(message: StoreMessage): void
}

/** The data that another node needs to resume a session. It holds only hashes of the secrets, so a leak resumes nothing. */
export interface StoredSession {
  readonly id: string
  readonly identityId: string
  readonly isGuest: boolean
  readonly dialect: string
  /** The name that the client's program gave itself; null if it gave none. */
  readonly instance: string | null
  /** Hash of the secret that resumes the session. */
  readonly current: string
  /** Hash of the previous secret, which resumes it only for the same program; null if there was none. */
  readonly previous: string | null
}

/** A stored session. `version` grows with each write; {@link SessionStore.claim} compares it. */
export interface SessionEntry {
  readonly session: StoredSession
  readonly version: number
}

/** The sessions that any node can resume. */
export interface SessionStore {
  /** Saves a session that this node holds. No effect if another node has claimed it. */
  save(session: StoredSession): Promise<void>
  /** Resolves with null if the store has no such session. */
  read(id: string): Promise<SessionEntry | null>
  /**
   * Makes the session this node's, with the content of `session`. The store calls {@link NodeEvents.onSessionClaimed} on the
   * node that held it. Resolves with false if the session is gone or was written since `version`.
   */
  claim(session: StoredSession, version: number): Promise<boolean>
  /** Removes a session that has ended. No effect if another node has claimed it. */
  forget(id: string): Promise<void>
}

/** Events of a store for its node. The methods must not throw. */
export interface NodeEvents {
  /**
   * Another node has claimed a session of this one. The node closes the session's connection and leaves its presences
   * alone. After an outage, the store reports the claims that happened meanwhile before it serves any other call.
   */
  onSessionClaimed(id: string): void
  /** Called when the store becomes reachable or unreachable. It counts as reachable at first. */
  onReachable(isReachable: boolean): void
}

export interface Subscription {
  /** Ends the subscription. The store does not call the feed after this. */
  cancel(): void
}

/** One node's access to the store. Nodes that share a store form one presence system. */
export interface Store {
  /** Connects the store to its node. Call it once, before anything else. */
  connect(events: NodeEvents): void

  /**
   * Applies the changes atomically, as one step of the topic's history, and resolves with its position once this node's
   * own feed has had the diff. A put without a higher `rev`, a drop of an unknown ref and any change of a presence that
   * another node holds have no effect; a commit without any effect takes no `seq`. If it rejects, the store may or may
   * not have applied the changes: you may commit the same changes again.
   */
  commit(topic: Topic, changes: readonly Change[]): Promise<Position>

  /**
   * Resolves once the feed has had its first snapshot. A topic that has always been empty need not have a history: its
   * first change may arrive as an empty snapshot of another epoch and a diff that follows it.
   */
  subscribe(topic: Topic, feed: TopicFeed): Promise<Subscription>

  /** Reads the topic's state without subscribing. An unknown topic is empty, not an error. */
  read(topic: Topic): Promise<PresenceSnapshot>

  /** Counts the topic's presences on all nodes. */
  count(topic: Topic): Promise<number>

  /**
   * Makes the owner's presence in the topic this node's, whichever node holds it. The presence itself does not change, so
   * no feed gets a diff. If this node dies, the presence leaves with it. Resolves with null if there is none.
   */
  adopt(topic: Topic, owner: string): Promise<Presence | null>

  readonly sessions: SessionStore

  /**
   * The error code of an unreachable store: one word without secrets, such as `OOM`. Null or absent if there is none.
   * `GET /readyz` shows it.
   */
  readonly errorCode?: string | null

  /** Sends the message to the topic's feeds on all other nodes, at most once each, in the order of this node's calls. */
  publish(topic: Topic, message: StoreMessage): Promise<void>

  /**
   * Hands this node's sessions and presences off: for `graceMs` milliseconds the other nodes may claim and adopt them.
   * Presences that no node has adopted by then leave with reason `drained`. Commit nothing after it.
   */
  handOff(graceMs: number): Promise<void>

  /** Ends every subscription of this node and frees its connections and timers. */
  close(): Promise<void>
}

/** Packs an event as JSON for the other nodes. */
export function storeMessageOf(event: string, payload: Payload): StoreMessage {
  if (!isBinary(payload)) return { event, payload }
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  return { event, payload: bytes.toString('base64'), isBinary: true }
}

/** Unpacks the payload of {@link storeMessageOf}. */
export function payloadOf({ payload, isBinary: isBytes }: StoreMessage): Payload {
  return isBytes ? new Uint8Array(Buffer.from(String(payload), 'base64')) : payload
}
