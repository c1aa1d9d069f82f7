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
  /** Whether a second join of a topic goes on with the first, so that the application is told of no leave in between. */
  readonly rejoinContinues: boolean
  /** Never throws, whatever came. The frame's size has been checked against `limits.frameBytes`. */
  decodeClient(frame: Frame, context: DecodeContext): DecodedClientMessage
  /** The frames that say this, in order; none where the dialect has no word for it. */
  encodeServer(message: ServerMessage): readonly Frame[]
}

/** A client's view of one wire spelling: how to say things, and what can be said at all. */
export interface ClientDialect<R = ReceivedMessage | ReceivedMetas> {
  readonly name: DialectName
  /** Topic of what concerns the connection and no channel: heartbeats, and the hello where there is one. */
  readonly systemTopic: Topic
  /** Appended to the path of an address, unless it ends in it. */
  readonly pathSuffix: string
  /** For the query, beside the application's own. */
  readonly params: { readonly [name: string]: string }
  /** To be offered in the handshake; null for none. */
  readonly subprotocol: string | null
  /** To be offered in its place beside a token: a server has to name one in its answer, and a token is none. */
  readonly subprotocolWithToken: string
  /** Whether a connection begins with a hello, which is answered with the session, and ends with a goodbye. */
  readonly hasHello: boolean
  /**
   * Whether presence has positions and digests, so that a gap is noticed, the state can be asked for and a join can
   * say where its map stands. Without them presence comes as `metas_state` and `metas_diff`.
   */
  readonly hasPositions: boolean
  /** Whether a session may change its own meta by `update` and `patch`. */
  readonly hasUpdates: boolean
  /** Whether a server answers every push. Else one that was sent need not be awaited or caught. */
  readonly repliesToPushes: boolean
  /** Whether close codes are the protocol's own, some of which say not to come back. */
  readonly hasCloseCodes: boolean
  /** Whether a refusal says by its code that asking again may help. Else only that of a first join is final. */
  readonly hasRetryableCodes: boolean
  /** Whether servers drop a client that has sent nothing for a while, however much they say themselves. */
  readonly hasIdleTimeout: boolean
  /** Throws where the payload is not JSON, and for what the dialect has no word for. */
  encodeClient(message: ClientMessage): Frame
  /** Never throws. */
  decodeServer(frame: Frame): Result<R>
}

/** The JSON value of a text frame, which is held to the bounds before it is parsed. */
export function parseFrame(frame: Frame, bounds: JsonBounds, dialectName: string): Result<JsonValue> {
  if (typeof frame !== 'string') return refuseBinary(dialectName)
  const outOfBounds = checkJson(frame, bounds)
  return outOfBounds ? failure(outOfBounds) : parseText(frame)
}

export function refuseBinary(dialectName: string): Result<never> {
  const text = `The ${dialectName} dialect has no binary frames; send the message as text.`
  return failure(fault('binary_unsupported', text))
}

export function parseText(text: string): Result<JsonValue> {
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

/** How deep a client lets a server's frame nest: the envelope around the server's own limit, with room to spare. */
const SERVER_FRAME_DEPTH = 256

/**
 * The JSON value of a frame of the server's. A client holds it to less than a server does a client's: it may have any
 * number of presences, and numbers of any number of digits, as a Phoenix server's have.
 */
export function parseServerFrame(frame: Frame, dialectName: string): Result<JsonValue> {
  if (typeof frame !== 'string') return refuseBinary(dialectName)
  // Each level takes two brackets at least, and what has not all of them is no JSON.
  if (frame.length > 2 * SERVER_FRAME_DEPTH && exceedsJsonDepth(frame, SERVER_FRAME_DEPTH)) {
    return failure(fault('limit_exceeded', `The frame nests deeper than ${SERVER_FRAME_DEPTH} levels.`))
  }
  return parseText(frame)
}
