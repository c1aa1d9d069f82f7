import type { Key, MessageRef, Position, Topic } from './ids'
import type { JsonObject, Payload } from './json'
import type { Meta } from './presence/types'

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
