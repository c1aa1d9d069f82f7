import type { Fault } from './fault'
import type { Key, MessageRef, Position, Topic } from './ids'
import type { JsonObject, Payload } from './json'
import type { FullDiff, Meta, PhoenixMeta, PresenceDiff, PresenceSnapshot } from './presence/presence'

/*
 * Every message from a client, in any dialect. A message that expects a reply has a `ref`. A message about a channel has
 * the `joinRef` of the join that opened it, so that the server recognizes a late message of an earlier join.
 */

export interface HeartbeatMessage {
  readonly kind: 'heartbeat'
  readonly ref: MessageRef
  /** The topic of the heartbeat, on which the reply goes out. */
  readonly topic: Topic
}

/** The first message on a native connection. The reply has the session's identity and the server's heartbeat interval. */
export interface HelloMessage {
  readonly kind: 'hello'
  readonly ref: MessageRef
  /** The secret of an earlier session, to resume it. */
  readonly token?: string
  /**
   * A name that the client program makes up for itself. It stays the same after a reconnect and changes after a reload or
   * in a copy of the tab. Only the instance that used a session last keeps its memberships. (P-6)
   */
  readonly instance?: string
}

/** Ends the session, so that its presences leave at once. */
export interface GoodbyeMessage {
  readonly kind: 'goodbye'
  readonly ref: MessageRef
}

/**
 * New credentials for the session before the old ones expire. The reply has the identity and how long it now lasts. If
 * the server refuses them, the session stays as it was. (P-18)
 */
export interface RefreshMessage {
  readonly kind: 'refresh'
  readonly ref: MessageRef
  /** Connect params, as in a handshake. They replace the earlier ones. */
  readonly params: ReadonlyMap<string, string>
  /** A login token, as in a handshake. */
  readonly token?: string
}

interface ChannelMessage {
  readonly topic: Topic
  readonly ref: MessageRef
  readonly joinRef: MessageRef
}

export interface JoinMessage extends ChannelMessage {
  readonly kind: 'join'
  readonly payload: JsonObject
  /**
   * Present if this client instance was in the topic before and wants to continue: the position of its map, so that the
   * server sends only what it missed, or null for none. A newly loaded page omits it. (P-7)
   */
  readonly since?: Position | null
}

export interface LeaveMessage extends ChannelMessage {
  readonly kind: 'leave'
}

/** An event of the application. */
export interface PushMessage extends ChannelMessage {
  readonly kind: 'push'
  readonly event: string
  readonly payload: Payload
}

/** Replaces the meta of the session's own presence in the topic. */
export interface UpdateMessage extends ChannelMessage {
  readonly kind: 'update'
  readonly meta: Meta
}

/** Changes part of that meta with a JSON merge patch (RFC 7396). */
export interface PatchMessage extends ChannelMessage {
  readonly kind: 'patch'
  readonly patch: JsonObject
}

/** Asks for the whole state again, because the client's map has a gap. */
export interface SyncMessage extends ChannelMessage {
  readonly kind: 'sync'
}

/** Makes a presence under this name. Only Vix, a dialect without joins, has this message. */
export interface AppearMessage {
  readonly kind: 'appear'
  readonly topic: Topic
  readonly key: Key
}

/** Ends the presence under this name. */
export interface DisappearMessage {
  readonly kind: 'disappear'
  readonly topic: Topic
  readonly key: Key
}

export type ClientMessage =
  | HeartbeatMessage
  | HelloMessage
  | GoodbyeMessage
  | RefreshMessage
  | JoinMessage
  | LeaveMessage
  | PushMessage
  | UpdateMessage
  | PatchMessage
  | SyncMessage
  | AppearMessage
  | DisappearMessage

/*
 * Every message from a server, in any dialect. A message whose `joinRef` is null goes to all subscribers of the topic and
 * is encoded once for all of them.
 */

interface ReplyHead {
  readonly kind: 'reply'
  readonly topic: Topic
  readonly ref: MessageRef
  readonly joinRef: MessageRef
}

export interface OkReply<P extends Payload = Payload> extends ReplyHead {
  readonly status: 'ok'
  readonly response: P
}

export interface ErrorReply extends ReplyHead {
  readonly status: 'error'
  readonly fault: Fault
}

/** An event of the application. */
export interface EventMessage<P extends Payload = Payload> {
  readonly kind: 'event'
  readonly topic: Topic
  readonly joinRef: MessageRef
  readonly event: string
  readonly payload: P
}

export interface StateMessage {
  readonly kind: 'state'
  readonly topic: Topic
  readonly joinRef: MessageRef
  readonly snapshot: PresenceSnapshot
}

export interface DiffMessage<D extends PresenceDiff = FullDiff> {
  readonly kind: 'diff'
  readonly topic: Topic
  readonly diff: D
}

/** The channel ended: its client left, was replaced or was removed. No presence follows. */
export interface ChannelClosedMessage {
  readonly kind: 'channel_closed'
  readonly topic: Topic
  readonly joinRef: MessageRef
  readonly response: JsonObject
}

/** The channel failed. The client may join again. */
export interface ChannelFailedMessage {
  readonly kind: 'channel_failed'
  readonly topic: Topic
  readonly joinRef: MessageRef
  readonly fault: Fault
}

/** The reply to input without a ref, such as a frame that is not JSON. */
export interface FaultMessage {
  readonly kind: 'fault'
  readonly fault: Fault
}

/** A connection opened. Only Vix has this message. */
export interface OpenedMessage {
  readonly kind: 'opened'
  readonly topic: Topic
}

/** Every message that a server encodes. */
export type ServerMessage =
  | OkReply
  | ErrorReply
  | EventMessage
  | StateMessage
  | DiffMessage
  | ChannelClosedMessage
  | ChannelFailedMessage
  | FaultMessage
  | OpenedMessage

/** An error reply as a client reads it. */
export interface ReceivedErrorReply extends ReplyHead {
  readonly status: 'error'
  readonly response: JsonObject
}

export interface ReceivedFailure {
  readonly kind: 'channel_failed'
  readonly topic: Topic
  readonly joinRef: MessageRef
  readonly response: JsonObject
}

export interface ReceivedFault {
  readonly kind: 'fault'
  readonly response: JsonObject
}

/** A topic's whole state from a server without positions. */
export interface MetasStateMessage {
  readonly kind: 'metas_state'
  readonly topic: Topic
  readonly joinRef: MessageRef
  readonly metas: readonly PhoenixMeta[]
}

/** Changes of a topic from a server without positions. */
export interface MetasDiffMessage {
  readonly kind: 'metas_diff'
  readonly topic: Topic
  readonly joinRef: MessageRef
  readonly joins: readonly PhoenixMeta[]
  readonly leaves: readonly PhoenixMeta[]
}

/** Every message that a client decodes. Diffs and faults have only the fields that the wire carries. */
export type ReceivedMessage =
  | OkReply
  | ReceivedErrorReply
  | EventMessage
  | StateMessage
  | DiffMessage<PresenceDiff>
  | ChannelClosedMessage
  | ReceivedFailure
  | ReceivedFault

/** Presence that a client decodes from a server without positions. */
export type ReceivedMetas = MetasStateMessage | MetasDiffMessage
