import type { ClientMessage } from '../client-message'
import { fault } from '../fault'
import { failure, type Result, success } from '../result'
import type { ReceivedMessage, ReceivedMetas } from '../server-message'
import type { ClientDialect, Frame } from './dialect'
import { type Envelope, objectOr, writeClientEnvelope } from './envelope'
import { PRESENCE } from './event-names'
import { parseFrame } from './parse-frame'
import { readBinaryServerFrame } from './phoenix-binary'
import { PHOENIX_TOPIC } from './phoenix-envelope'
import { readPhoenixDiff, readPhoenixState } from './phoenix-metas'
import { readServerEnvelope, SERVER_FRAME_DEPTH, wrongPresence } from './server-envelope'

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
  hasHello: false,
  hasPositions: false,
  hasUpdates: false,
  hasIdleTimeout: true,

  encodeClient(message: ClientMessage): Frame {
    const { joinRef, ref, topic, event, payload } = writeClientEnvelope(
      withoutPosition(message),
      PHOENIX_TOPIC,
    )
    return JSON.stringify([joinRef, ref, topic, event, payload])
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

function readText(frame: string): Result<Received> {
  const parsed = parseFrame(frame, SERVER_FRAME_DEPTH, 'phoenix-v2')
  if (!parsed.ok) return parsed
  if (!Array.isArray(parsed.value) || parsed.value.length < 5) {
    const text = 'A frame is an array of five: [join_ref, ref, topic, event, payload].'
    return failure(fault('invalid_message', text))
  }
  const [joinRef, ref, topic, event, payload] = parsed.value
  const read = readServerEnvelope({ joinRef, ref, topic, event, payload }, PHOENIX_TOPIC, readPresenceEvent)
  return read.ok ? success(withCrashedJoin(read.value)) : read
}

function readBinary(frame: Uint8Array): Result<Received> {
  const read = readBinaryServerFrame(frame)
  if (!read.ok) return read
  const { joinRef, ref, topic, event, status, bytes } = read.value
  if (status === null) return success({ kind: 'event', topic, joinRef, event, payload: bytes })
  if (status === 'ok') return success({ kind: 'reply', topic, ref, joinRef, status, response: bytes })
  // An error has a reason in words everywhere else: without one it is unknown.
  return success({ kind: 'reply', topic, ref, joinRef, status: 'error', response: {} })
}

function readPresenceEvent({ topic, joinRef, event, payload }: Envelope): Result<ReceivedMetas> {
  const body = objectOr(payload)
  if (event === PRESENCE.state) {
    const metas = readPhoenixState(body)
    return metas ? success({ kind: 'metas_state', topic, joinRef, metas }) : failure(wrongPresence(event))
  }
  const diff = readPhoenixDiff(body)
  return diff ? success({ kind: 'metas_diff', topic, joinRef, ...diff }) : failure(wrongPresence(event))
}

function withCrashedJoin(message: Received): Received {
  if (message.kind !== 'reply' || message.status !== 'error') return message
  const { topic, joinRef, ref, response } = message
  const isOfJoin = ref !== null && ref === joinRef
  if (!isOfJoin || response.reason !== JOIN_CRASHED) return message
  return { kind: 'channel_failed', topic, joinRef, response }
}
