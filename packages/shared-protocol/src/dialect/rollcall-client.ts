import type { ClientMessage } from '../client-message'
import { isJsonObject, type JsonObject, type JsonValue } from '../json'
import {
  LEAVE_REASONS,
  type LeaveReason,
  type Presence,
  type PresenceDiff,
  type PresenceLeave,
  type PresenceSnapshot,
  type PresenceUpdate,
} from '../presence/types'
import { failure, type Result, success } from '../result'
import type { ReceivedMessage } from '../server-message'
import { SUBPROTOCOL } from '../version'
import type { ClientDialect, Frame } from './dialect'
import { type Envelope, objectOr, writeClientEnvelope } from './envelope'
import { PRESENCE } from './event-names'
import { parseServerFrame } from './parse-server-frame'
import { frameOf, ROLLCALL_SYSTEM_TOPIC, wrongShape } from './rollcall-frame'
import { readServerEnvelope, wrongPresence } from './server-envelope'

/*
 * The client's half of the native dialect, apart from the server's so that a page does not carry both.
 */

export const rollcallClientDialect: ClientDialect<ReceivedMessage> = {
  name: 'rollcall',
  systemTopic: ROLLCALL_SYSTEM_TOPIC,
  pathSuffix: '',
  params: {},
  subprotocol: SUBPROTOCOL,
  subprotocolBesideToken: SUBPROTOCOL,
  hasHello: true,
  hasPositions: true,
  hasUpdates: true,
  answersPushes: true,
  hasCloseCodes: true,
  hasRetryableCodes: true,
  hasIdleTimeout: false,

  encodeClient(message: ClientMessage): Frame {
    const { joinRef, ref, topic, event, payload } = writeClientEnvelope(message, ROLLCALL_SYSTEM_TOPIC)
    return frameOf(joinRef, ref, topic, event, payload)
  },

  decodeServer(frame: Frame): Result<ReceivedMessage> {
    const parsed = parseServerFrame(frame, 'rollcall')
    if (!parsed.ok) return parsed
    if (!Array.isArray(parsed.value) || parsed.value.length !== 5) return failure(wrongShape())
    const [joinRef, ref, topic, event, payload = {}] = parsed.value
    return readServerEnvelope(
      { joinRef, ref, topic, event, payload },
      ROLLCALL_SYSTEM_TOPIC,
      readPresenceEvent,
    )
  },
}

function readPresenceEvent({ topic, joinRef, event, payload }: Envelope): Result<ReceivedMessage> {
  const body = objectOr(payload)
  if (event === PRESENCE.state) {
    const snapshot = readSnapshot(body)
    return snapshot ? success({ kind: 'state', topic, joinRef, snapshot }) : failure(wrongPresence(event))
  }
  const diff = readDiff(body)
  return diff ? success({ kind: 'diff', topic, diff }) : failure(wrongPresence(event))
}

function readSnapshot(body: JsonObject): PresenceSnapshot | null {
  const { epoch, seq, digest, presences } = body
  if (typeof epoch !== 'string' || typeof seq !== 'number' || typeof digest !== 'number') return null
  const read = readEach(presences, readPresence)
  return read && { epoch, seq, digest, presences: read }
}

function readDiff(body: JsonObject): PresenceDiff | null {
  const { epoch, base, seq, digest } = body
  if (typeof epoch !== 'string' || typeof digest !== 'number') return null
  if (typeof base !== 'number' || typeof seq !== 'number') return null
  const joins = readEach(body.joins, readPresence)
  const updates = readEach(body.updates, readUpdate)
  const leaves = readEach(body.leaves, readLeave)
  return joins && updates && leaves && { epoch, base, seq, digest, joins, updates, leaves }
}

/** Every item read, or null where one of them could not be: half a state is worse than none. */
function readEach<T>(items: JsonValue | undefined, read: (item: JsonObject) => T | null): T[] | null {
  if (!Array.isArray(items)) return null
  const result: T[] = []
  for (const item of items) {
    const value = isJsonObject(item) ? read(item) : null
    if (value === null) return null
    result.push(value)
  }
  return result
}

function readPresence({ ref, key, meta, rev }: JsonObject): Presence | null {
  if (typeof ref !== 'string' || typeof key !== 'string' || typeof rev !== 'number' || !isJsonObject(meta))
    return null
  return { ref, key, meta, rev }
}

function readUpdate({ ref, rev, meta }: JsonObject): PresenceUpdate | null {
  if (typeof ref !== 'string' || typeof rev !== 'number' || !isJsonObject(meta)) return null
  return { ref, rev, meta }
}

function readLeave({ ref, key, reason }: JsonObject): PresenceLeave | null {
  if (typeof ref !== 'string' || typeof key !== 'string' || typeof reason !== 'string') return null
  // A reason that a newer server may send is still a leave.
  const known = (LEAVE_REASONS as readonly string[]).includes(reason) ? (reason as LeaveReason) : 'closed'
  return { ref, key, reason: known }
}
