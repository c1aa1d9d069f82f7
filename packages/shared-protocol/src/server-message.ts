import type { Fault } from './fault'
import type { MessageRef, Topic } from './ids'
import type { JsonObject, Payload } from './json'
import type { FullDiff, PhoenixMeta, PresenceDiff, PresenceSnapshot } from './presence/types'

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
