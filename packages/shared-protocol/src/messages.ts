import type { Fault } from './fault'
import type { Key, MessageRef, Position, Topic } from './ids'
import type { JsonObject, Payload } from './json'
import type { FullDiff, Meta, PhoenixMeta, PresenceDiff, PresenceSnapshot } from './presence/presence'

/*
 * Everything that a client may say, whatever the dialect. A message that wants an answer has a `ref`; one that is
 * about a channel has the `joinRef` of the join that opened it, so that a late one of an earlier join is known.
 */

export interface HeartbeatMessage {
  readonly kind: 'heartbeat'
  readonly ref: MessageRef
  /** The topic that it came on, to which the answer goes. */
  readonly topic: Topic
}

/** The first message on a native connection. Answered with who the session is and what the server expects. */
export interface HelloMessage {
  readonly kind: 'hello'
  readonly ref: MessageRef
  /** The secret of an earlier session, to go on with it. */
  readonly token?: string
  /**
   * Names the program that says hello, made up by itself: the same after a reconnect, another one after a reload of
   * the page or in a copy of its tab. Only the one that held a session last goes on where it was. (P-6)
   */
  readonly instance?: string
}

/** The client means to go, and its presences with it, at once. */
export interface GoodbyeMessage {
  readonly kind: 'goodbye'
  readonly ref: MessageRef
}

/**
 * New proof of who holds the session, before the old one is over. Answered with the identity and how long it now lasts;
 * where it is refused, the session stays as it was. (P-18)
 */
export interface RefreshMessage {
  readonly kind: 'refresh'
  readonly ref: MessageRef
  /** Connect params, as a handshake would carry them; they take the place of those that it had. */
  readonly params: ReadonlyMap<string, string>
  /** A token, as a handshake would carry it beside its params. */
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
   * There where this client instance was in the topic before and means to go on: where its map stands, so that it
   * need be told only what it missed, or null for nowhere. A page that was loaded anew does not say it. (P-7)
   */
  readonly since?: Position | null
}

export interface LeaveMessage extends ChannelMessage {
  readonly kind: 'leave'
}

/** An event of the application's own. */
export interface PushMessage extends ChannelMessage {
  readonly kind: 'push'
  readonly event: string
  readonly payload: Payload
}

/** Replace the meta of the session's own presence in the topic. */
export interface UpdateMessage extends ChannelMessage {
  readonly kind: 'update'
  readonly meta: Meta
}

/** Change part of it: a JSON merge patch (RFC 7396). */
export interface PatchMessage extends ChannelMessage {
  readonly kind: 'patch'
  readonly patch: JsonObject
}

/** Send me the whole state again: my map has a gap. */
export interface SyncMessage extends ChannelMessage {
  readonly kind: 'sync'
}

/** Be present in the topic under this name. Only dialects that have no join say this (Vix). */
export interface AppearMessage {
  readonly kind: 'appear'
  readonly topic: Topic
  readonly key: Key
}

/** No longer be present under this name. */
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
 * Everything that a server may say, whatever the dialect. One whose `joinRef` is null goes to everybody in the
 * topic, and is encoded once for all of them.
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

/** An event of the application's own. */
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

/** The channel ended: its client left, was replaced or was put out. No presence follows. */
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

/** The answer to something that cannot be replied to, such as a frame that is not JSON. */
export interface FaultMessage {
  readonly kind: 'fault'
  readonly fault: Fault
}

/** Somebody connected. Only Vix tells this. */
export interface OpenedMessage {
  readonly kind: 'opened'
  readonly topic: Topic
}

/** What a server encodes. */
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

/** A topic's whole state as a server without positions tells it. */
export interface MetasStateMessage {
  readonly kind: 'metas_state'
  readonly topic: Topic
  readonly joinRef: MessageRef
  readonly metas: readonly PhoenixMeta[]
}

/** Changes of a topic as a server without positions tells them. */
export interface MetasDiffMessage {
  readonly kind: 'metas_diff'
  readonly topic: Topic
  readonly joinRef: MessageRef
  readonly joins: readonly PhoenixMeta[]
  readonly leaves: readonly PhoenixMeta[]
}

/** What a client decodes: the same messages, with diffs and faults as far as the wire tells them. */
export type ReceivedMessage =
  | OkReply
  | ReceivedErrorReply
  | EventMessage
  | StateMessage
  | DiffMessage<PresenceDiff>
  | ChannelClosedMessage
  | ReceivedFailure
  | ReceivedFault

/** What a client decodes of a server that tells no positions, beside the rest. */
export type ReceivedMetas = MetasStateMessage | MetasDiffMessage
