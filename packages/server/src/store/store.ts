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
  /** On whose behalf: the id of a session, or whatever else the node tells its owners apart by. At most one in a topic. */
  readonly owner: string
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

/** Why presences left, by ref. */
export type LeaveReasons = ReadonlyMap<PresenceRef, LeaveReason>

/** What a node is told of a topic, in the topic's one order. Must not throw. */
export interface TopicFeed {
  /**
   * The state to go on from: first of all, and again whenever the store cannot tell what was missed.
   *
   * @param reasons of presences that left since the feed's last state, as far as the store knows them; others left with
   * `closed`. It may name further ones.
   */
  onSnapshot(snapshot: PresenceSnapshot, reasons?: LeaveReasons): void
  /** Every later change; each diff's `base` is the `seq` before it. */
  onDiff(diff: PresenceDiff): void
  /** What another node published. */
  onMessage(message: StoreMessage): void
}

/** What another node needs to go on with a session. Nothing in it lets anybody come back: the secrets are hashes. */
export interface StoredSession {
  readonly id: string
  readonly identityId: string
  readonly isGuest: boolean
  readonly dialect: string
  /** The program that holds it, by the name that it gave itself; null where it gave none. */
  readonly instance: string | null
  /** Hash of the secret with which it can be resumed. */
  readonly current: string
  /** Hash of the one before, good for the holder alone; null where there was none. */
  readonly previous: string | null
}

/** A session as the store has it, and how often it was written: what {@link SessionStore.claim} goes by. */
export interface SessionEntry {
  readonly session: StoredSession
  readonly version: number
}

/** Sessions that can be resumed on any node. */
export interface SessionStore {
  /** Keeps a session that this node holds, or what has changed of it. No effect where another node has claimed it. */
  save(session: StoredSession): Promise<void>
  /** Null where there is none, or none any more. */
  read(id: string): Promise<SessionEntry | null>
  /**
   * This node holds the session from now on, as `session` says. The node that held it before is told by its
   * {@link NodeEvents.onSessionClaimed}. False where the session is gone or was written since `version`.
   */
  claim(session: StoredSession, version: number): Promise<boolean>
  /** The session is over. No effect where another node has claimed it. */
  forget(id: string): Promise<void>
}

/** What a store tells its node, beside what happens in topics. Must not throw. */
export interface NodeEvents {
  /**
   * Another node has claimed a session of this one: its connection is to be closed, its presences are left alone. Where
   * that happened while the store could not be reached, it is told before anything that the node asks gets through again.
   */
  onSessionClaimed(id: string): void
  /** Whether the store can be reached; told when it changes, and true at first. */
  onReachable(isReachable: boolean): void
}

export interface Subscription {
  /** No call reaches the feed after this. */
  cancel(): void
}

/** One node's access to the store. Several nodes that share their data form one presence system. */
export interface Store {
  /** To be called before anything else, once, by the node whose access this is. */
  connect(events: NodeEvents): void

  /**
   * Applies the changes as one atomic step of the topic's history and resolves with its position. By then this
   * node's own feed has had the diff. A put that is not newer, a drop of an unknown ref and any change of a presence
   * that another node holds have no effect; a step without any effect takes no `seq`. Where it rejects, nobody knows
   * whether it was applied: the same changes may be committed again.
   */
  commit(topic: Topic, changes: readonly Change[]): Promise<Position>

  /**
   * Resolves once the feed has had its first snapshot. A topic that nobody was ever in need not have a history: its first
   * change may come as a snapshot of another epoch, empty, and the diff from there.
   */
  subscribe(topic: Topic, feed: TopicFeed): Promise<Subscription>

  /** The topic's state now, without subscribing. A topic that nobody is in is empty, not an error. */
  read(topic: Topic): Promise<PresenceSnapshot>

  /** How many presences are in the topic now, on all nodes. */
  count(topic: Topic): Promise<number>

  /**
   * Takes over the presence that `owner` has in the topic, from whichever node holds it. Nobody is told: it stays as it
   * is. From then on it is this node's, to change, to drop and to be lost with. Null where there is none.
   */
  adopt(topic: Topic, owner: string): Promise<Presence | null>

  readonly sessions: SessionStore

  /**
   * Of a store that cannot be reached: the code that it refuses with, one word that holds no secret, such as `OOM`. Null or
   * absent where it says none. `GET /readyz` shows it.
   */
  readonly errorCode?: string | null

  /** Tells the topic's feeds on all other nodes; at most once each, in the order of this node's calls. */
  publish(topic: Topic, message: StoreMessage): Promise<void>

  /**
   * Leaves what this node still holds to the others, for `graceMs`: its sessions may be claimed and its presences
   * adopted. What nobody has taken by then leaves with reason `drained`. Nothing is to be committed after it.
   */
  handOff(graceMs: number): Promise<void>

  /** Ends every subscription of this node and lets go of what it keeps in this process. */
  close(): Promise<void>
}

/** An event as a store carries it between nodes: JSON. */
export function storeMessageOf(event: string, payload: Payload): StoreMessage {
  if (!isBinary(payload)) return { event, payload }
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  return { event, payload: bytes.toString('base64'), isBinary: true }
}

/** What was sent on the other node. */
export function payloadOf({ payload, isBinary: isBytes }: StoreMessage): Payload {
  return isBytes ? new Uint8Array(Buffer.from(String(payload), 'base64')) : payload
}
