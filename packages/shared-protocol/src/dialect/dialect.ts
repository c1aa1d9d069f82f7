import type { ClientMessage } from '../client-message'
import type { Fault } from '../fault'
import type { MessageRef, Topic } from '../ids'
import type { Limits } from '../limits'
import type { Result } from '../result'
import type { ReceivedMessage, ServerMessage } from '../server-message'

/*
 *   text of a frame --decodeClient--> ClientMessage  | fault      server's side, reading
 *   ServerMessage   --encodeServer--> texts of frames             server's side, writing
 *   ClientMessage   --encodeClient--> text of a frame             client's side, writing
 *   text of a frame --decodeServer--> ReceivedMessage | fault     client's side, reading
 *
 * Nothing else: no state, no sockets. A dialect is chosen once, at the handshake; past that line nobody asks which
 * one is spoken, only what it can do.
 */

export type DialectName = 'rollcall' | 'phoenix-v2' | 'phoenix-v1' | 'zzz' | 'vix'

/** One WebSocket message: a text, or bytes where the dialect has binary frames. */
export type Frame = string | Uint8Array

/** Where to send the answer to a frame that could not be taken. */
export interface ReplyAddress {
  readonly topic: Topic
  readonly ref: MessageRef
  readonly joinRef: MessageRef
}

export type DecodedClientMessage =
  | { readonly ok: true; readonly message: ClientMessage }
  | { readonly ok: false; readonly fault: Fault; readonly replyTo: ReplyAddress | null }

export interface DecodeContext {
  readonly limits: Limits
  /** The topic of messages that name none; used only by a dialect with `hasImplicitTopic`. */
  readonly implicitTopic: Topic
}

/** A server's view of one wire spelling. */
export interface Dialect {
  readonly name: DialectName
  /**
   * The connection itself is the membership of one topic: it takes part from the moment it opens, and says only
   * whether somebody appears or disappears.
   */
  readonly hasImplicitTopic: boolean
  /** Whether its clients can bring a session's token, and so come back to it within the grace. (P-6) */
  readonly canResume: boolean
  /** Never throws, whatever came. The frame's size has been checked against `limits.frameBytes`. */
  decodeClient(frame: Frame, context: DecodeContext): DecodedClientMessage
  /** The frames that say this, in order; none where the dialect has no word for it. */
  encodeServer(message: ServerMessage): readonly Frame[]
}

/** A client's view of one wire spelling. */
export interface ClientDialect {
  readonly name: DialectName
  encodeClient(message: ClientMessage): Frame
  /** Never throws. */
  decodeServer(frame: Frame): Result<ReceivedMessage>
}
