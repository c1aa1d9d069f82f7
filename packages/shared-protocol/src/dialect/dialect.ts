import { checkJson, exceedsJsonDepth, type JsonBounds } from '../check-json'
import { type Fault, failure, fault, type Result, success } from '../fault'
import type { MessageRef, Topic } from '../ids'
import type { JsonValue } from '../json'
import type { Limits } from '../limits'
import type { ClientMessage, ReceivedMessage, ReceivedMetas, ServerMessage } from '../messages'

/*
 *   text of a frame --decodeClient--> ClientMessage  | fault      server's side, reading
 *   ServerMessage   --encodeServer--> texts of frames             server's side, writing
 *   ClientMessage   --encodeClient--> text of a frame             client's side, writing
 *   text of a frame --decodeServer--> ReceivedMessage | fault     client's side, reading
 *
 * A dialect has no state and no sockets. The handshake chooses it once. The code beyond asks only what the dialect can
 * do, never which one it is.
 */

export type DialectName = 'rollcall' | 'phoenix-v2' | 'phoenix-v1' | 'zzz' | 'vix'

/** One WebSocket message: text, or bytes if the dialect has binary frames. */
export type Frame = string | Uint8Array

/** Address of the reply to a frame that the server refuses. */
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
  /** The topic of messages without one. Only dialects with `hasImplicitTopic` use it. */
  readonly implicitTopic: Topic
}

/** The server's half of one spelling of the wire. */
export interface Dialect {
  readonly name: DialectName
  /**
   * Whether the connection itself is the membership of one topic. It subscribes when it opens and only reports that
   * names appear and disappear.
   */
  readonly hasImplicitTopic: boolean
  /** Whether clients can send a session's token and so resume the session within the grace. (P-6) */
  readonly canResume: boolean
  /** Whether a second join of a topic continues the first, without a `leave` of the application in between. */
  readonly rejoinContinues: boolean
  /** Never throws. Check the frame's size against `limits.frameBytes` before the call. */
  decodeClient(frame: Frame, context: DecodeContext): DecodedClientMessage
  /** The frames of this message, in order. Empty if the dialect cannot express it. */
  encodeServer(message: ServerMessage): readonly Frame[]
}

/** The client's half of one spelling of the wire, and the features that the dialect has. */
export interface ClientDialect<R = ReceivedMessage | ReceivedMetas> {
  readonly name: DialectName
  /** Topic of messages about the connection: heartbeats, and the hello if there is one. */
  readonly systemTopic: Topic
  /** Appended to an address's path, unless the path ends with it. */
  readonly pathSuffix: string
  /** Added to the query, beside the application's params. */
  readonly params: { readonly [name: string]: string }
  /** Offered in the handshake; null for none. */
  readonly subprotocol: string | null
  /** Offered instead if there is a token: the server has to select a subprotocol, and a token is not one. */
  readonly subprotocolWithToken: string
  /** Whether a connection begins with a hello, whose reply names the session, and ends with a goodbye. */
  readonly hasHello: boolean
  /**
   * Whether presence has positions and digests. With them the client notices gaps, can ask for the state, and can join
   * from its position. Without them presence arrives as `metas_state` and `metas_diff`.
   */
  readonly hasPositions: boolean
  /** Whether a session can change its own meta with `update` and `patch`. */
  readonly hasUpdates: boolean
  /** Whether the server replies to every push. Otherwise a push that was sent counts as done. */
  readonly repliesToPushes: boolean
  /** Whether close codes have our meanings, so that some of them forbid to reconnect. */
  readonly hasCloseCodes: boolean
  /** Whether a refusal's code tells that a retry may succeed. Otherwise only the refusal of a first join is final. */
  readonly hasRetryableCodes: boolean
  /** Whether servers drop a client that sends nothing for a while, even if they send to it. */
  readonly hasIdleTimeout: boolean
  /** Throws if the payload is not JSON, or if the dialect has no such message. */
  encodeClient(message: ClientMessage): Frame
  /** Never throws. */
  decodeServer(frame: Frame): Result<R>
}

/** Checks the bounds of a text frame, then parses it. */
export function parseFrame(frame: Frame, bounds: JsonBounds, dialectName: string): Result<JsonValue> {
  if (typeof frame !== 'string') return refuseBinary(dialectName)
  const outOfBounds = checkJson(frame, bounds)
  return outOfBounds ? failure(outOfBounds) : parseText(frame)
}

function refuseBinary(dialectName: string): Result<never> {
  const text = `The ${dialectName} dialect has no binary frames; send the message as text.`
  return failure(fault('binary_unsupported', text))
}

function parseText(text: string): Result<JsonValue> {
  try {
    return success(JSON.parse(text) as JsonValue)
  } catch {
    return failure(notJson(text))
  }
}

function notJson(frame: string): Fault {
  const shown = frame.length > 40 ? `${frame.slice(0, 40)}…` : frame
  return fault('malformed_frame', `The frame is not JSON: ${JSON.stringify(shown)}.`)
}

/** Deepest nesting that a client accepts from a server. It leaves ample room above the server's own limit. */
const SERVER_FRAME_DEPTH = 256

/**
 * Parses a server's frame. The client checks only the depth: a state may have any number of presences, and a Phoenix
 * server's numbers may have any number of digits.
 */
export function parseServerFrame(frame: Frame, dialectName: string): Result<JsonValue> {
  if (typeof frame !== 'string') return refuseBinary(dialectName)
  // Each level takes two brackets, so a shorter text cannot nest deeper and be JSON.
  if (frame.length > 2 * SERVER_FRAME_DEPTH && exceedsJsonDepth(frame, SERVER_FRAME_DEPTH)) {
    return failure(fault('limit_exceeded', `The frame nests deeper than ${SERVER_FRAME_DEPTH} levels.`))
  }
  return parseText(frame)
}
