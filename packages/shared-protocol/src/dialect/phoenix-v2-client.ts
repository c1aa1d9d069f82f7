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
 * The client's half of Phoenix V2, for a real Phoenix server. Nothing goes out that such a server has no clause for: it
 * closes the connection with 1011 for a frame that is malformed, and ends the channel for an event that is unknown.
 */

type Received = ReceivedMessage | ReceivedMetas

/** What Phoenix says of a join whose channel crashed: nobody has refused, so it is to be tried again. */
const JOIN_CRASHED = 'join crashed'

export const phoenixV2ClientDialect: ClientDialect = {
  name: 'phoenix-v2',
  systemTopic: PHOENIX_TOPIC,
  pathSuffix: '/websocket',
  params: { vsn: '2.0.0' },
  // A Phoenix server that is not set up for `authToken` names none in its answer, which a browser takes for a failure.
  subprotocol: null,
  subprotocolWithToken: 'phoenix',
  hasHello: false,
  hasPositions: false,
  hasUpdates: false,
  repliesToPushes: false,
  // Phoenix, and what stands before it, ends connections with 1000 as well: for a restart, or a `disconnect`.
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
      throw new TypeError(`Phoenix has no word for "${message.kind}".`)
  }
}

/**
 * JSON with U+FFFD for each half of a surrogate pair, such as an emoji that was cut in two leaves behind. It is JSON, but
 * Phoenix's parser refuses it, and the whole connection would end.
 */
function wellFormed(json: string): string {
  // Nothing else is written as such an escape; one that is a text's own has its backslash doubled.
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
  // Bytes are no reason in words.
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
 * Why an answer is none that was hoped for, with the reason where we look for it. A Phoenix channel may answer with any
 * status and with any term: `{:error, "full"}`, `:ignored`.
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
