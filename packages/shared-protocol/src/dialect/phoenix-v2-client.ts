import { failure, fault, type Result, success } from '../fault'
import { field, isBinary, isJsonObject, type JsonObject } from '../json'
import type { ClientMessage, ReceivedErrorReply, ReceivedMessage, ReceivedMetas } from '../messages'
import type { ClientDialect, Frame } from './dialect'
import { parseServerFrame } from './dialect'
import { type Envelope, objectOrEmpty, writeClientEnvelope } from './envelope'
import { PRESENCE } from './event-names'
import { readBinaryServerFrame, writeBinaryPush } from './phoenix-binary'
import { PHOENIX_TOPIC } from './phoenix-envelope'
import { readPhoenixDiff, readPhoenixState } from './phoenix-presence'
import { presenceFault, readServerEnvelope } from './server-envelope'

/*
 * The client's half of Phoenix V2, for a real Phoenix server. It sends only what such a server understands: Phoenix closes
 * the connection with 1011 for a malformed frame and ends the channel for an unknown event.
 */

type Received = ReceivedMessage | ReceivedMetas

/** Phoenix's reason for a join whose channel crashed. Nobody refused it, so the client tries again. */
const JOIN_CRASHED = 'join crashed'

export const phoenixV2ClientDialect: ClientDialect = {
  name: 'phoenix-v2',
  systemTopic: PHOENIX_TOPIC,
  pathSuffix: '/websocket',
  params: { vsn: '2.0.0' },
  // A Phoenix server without `authToken` selects no subprotocol, and a browser would fail the handshake.
  subprotocol: null,
  subprotocolWithToken: 'phoenix',
  hasHello: false,
  hasPositions: false,
  hasUpdates: false,
  repliesToPushes: false,
  // Phoenix and its proxies also close with 1000 for a restart or a `disconnect`.
  hasCloseCodes: false,
  hasRetryableCodes: false,
  hasIdleTimeout: true,

  encodeClient(message: ClientMessage): Frame {
    if (message.kind === 'push' && isBinary(message.payload)) return writeBinaryPush(message, message.payload)
    const { joinRef, ref, topic, event, payload } = writeClientEnvelope(
      withoutPosition(message),
      PHOENIX_TOPIC,
    )
    return wellFormed(JSON.stringify([joinRef, ref, topic, event, payload]))
  },

  decodeServer(frame: Frame): Result<Received> {
    return typeof frame === 'string' ? readText(frame) : readBinary(frame)
  },
}

function withoutPosition(message: ClientMessage): ClientMessage {
  switch (message.kind) {
    case 'join': {
      const { since: _since, ...join } = message
      return join
    }
    case 'leave':
    case 'push':
    case 'heartbeat':
      return message
    default:
      throw new TypeError(`Phoenix has no message "${message.kind}".`)
  }
}

/**
 * Replaces each half of a surrogate pair with U+FFFD. An emoji that was cut in two leaves such a half. It is valid JSON,
 * but Phoenix's parser refuses it and closes the connection.
 */
function wellFormed(json: string): string {
  // JSON.stringify writes only lone halves as such an escape; an escape in the text itself has its backslash doubled.
  return json.replace(/\\\\|\\ud[89a-f][0-9a-f]{2}/g, (found) => (found === '\\\\' ? found : '\ufffd'))
}

function readText(frame: string): Result<Received> {
  const parsed = parseServerFrame(frame, 'phoenix-v2')
  if (!parsed.ok) return parsed
  if (!Array.isArray(parsed.value) || parsed.value.length < 5) {
    const text = 'A frame is an array of five: [join_ref, ref, topic, event, payload].'
    return failure(fault('invalid_message', text))
  }
  const [joinRef, ref, topic, event, payload] = parsed.value
  const read = readServerEnvelope({ joinRef, ref, topic, event, payload }, PHOENIX_TOPIC, readPresenceEvent)
  if (!read.ok || read.value.kind !== 'reply' || read.value.status === 'ok') return read
  return success(withCrashedJoin({ ...read.value, response: errorOf(objectOrEmpty(payload)) }))
}

function readBinary(frame: Uint8Array): Result<Received> {
  const read = readBinaryServerFrame(frame)
  if (!read.ok) return read
  const { joinRef, ref, topic, event, status, bytes } = read.value
  if (status === null) return success({ kind: 'event', topic, joinRef, event, payload: bytes })
  if (status === 'ok') return success({ kind: 'reply', topic, ref, joinRef, status, response: bytes })
  // Bytes cannot be a reason, so only the status remains.
  return success({ kind: 'reply', topic, ref, joinRef, status: 'error', response: errorOf({ status }) })
}

function readPresenceEvent({ topic, joinRef, event, payload }: Envelope): Result<ReceivedMetas> {
  if (!isJsonObject(payload)) return failure(presenceFault(event))
  if (event === PRESENCE.state) {
    const metas = readPhoenixState(payload)
    return metas ? success({ kind: 'metas_state', topic, joinRef, metas }) : failure(presenceFault(event))
  }
  const diff = readPhoenixDiff(payload)
  return diff ? success({ kind: 'metas_diff', topic, joinRef, ...diff }) : failure(presenceFault(event))
}

/**
 * The body of a reply that is not `ok`, with its reason in our field. A Phoenix channel may reply with any status and any
 * term: `{:error, "full"}`, `:ignored`.
 */
function errorOf(body: JsonObject): JsonObject {
  const [status, response] = [field(body, 'status'), field(body, 'response')]
  if (typeof response === 'string') return { reason: response }
  const own = objectOrEmpty(response)
  const isNamed = typeof status === 'string' && status !== 'error' && !Object.hasOwn(own, 'reason')
  return isNamed ? { ...own, reason: status } : own
}

function withCrashedJoin(message: ReceivedErrorReply): Received {
  const { topic, joinRef, ref, response } = message
  const isOfJoin = ref !== null && ref === joinRef
  if (!isOfJoin || response.reason !== JOIN_CRASHED) return message
  return { kind: 'channel_failed', topic, joinRef, response }
}
