import { type Fault, failure, fault, type Result, success } from '../fault'
import { isJsonObject, type JsonObject, type JsonValue } from '../json'
import type { ClientMessage, ReceivedMessage } from '../messages'
import {
  LEAVE_REASONS,
  type LeaveReason,
  type Presence,
  type PresenceDiff,
  type PresenceLeave,
  type PresenceSnapshot,
  type PresenceUpdate,
} from '../presence/presence'
import { type ClientDialect, type Frame, parseServerFrame } from './dialect'
import { type Envelope, objectOrEmpty, writeClientEnvelope } from './envelope'
import { PRESENCE } from './event-names'
import { presenceFault, readServerEnvelope } from './server-envelope'

/** The WebSocket subprotocol of the native dialect. Its number changes when old clients would break. */
export const SUBPROTOCOL = 'rollcall.v1'

/**
 * Revision of the native wire within {@link SUBPROTOCOL}. Raise it with every change of a frame, however small.
 * `wire.test.ts` compares the golden frames with it.
 */
export const WIRE_REVISION = 2

/*
 * Both halves of the native dialect share this frame: [join_ref, ref, topic, event, payload]
 */

/** The topic of messages about the connection. */
export const ROLLCALL_SYSTEM_TOPIC = 'rollcall'

export function frameOf(
  joinRef: unknown,
  ref: unknown,
  topic: string,
  event: string,
  payload: unknown,
): string {
  return JSON.stringify([joinRef, ref, topic, event, payload])
}

export function shapeFault(): Fault {
  return fault('invalid_message', 'A frame is an array of five: [join_ref, ref, topic, event, payload].')
}

/*
 * The client's half of the native dialect. It is separate from the server's, so that a page downloads only one.
 */

export const rollcallClientDialect: ClientDialect<ReceivedMessage> = {
  name: 'rollcall',
  systemTopic: ROLLCALL_SYSTEM_TOPIC,
  pathSuffix: '',
  params: {},
  subprotocol: SUBPROTOCOL,
  subprotocolWithToken: SUBPROTOCOL,
  hasHello: true,
  hasPositions: true,
  hasUpdates: true,
  repliesToPushes: true,
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
    if (!Array.isArray(parsed.value) || parsed.value.length !== 5) return failure(shapeFault())
    const [joinRef, ref, topic, event, payload = {}] = parsed.value
    return readServerEnvelope(
      { joinRef, ref, topic, event, payload },
      ROLLCALL_SYSTEM_TOPIC,
      readPresenceEvent,
    )
  },
}

function readPresenceEvent({ topic, joinRef, event, payload }: Envelope): Result<ReceivedMessage> {
  const body = objectOrEmpty(payload)
  if (event === PRESENCE.state) {
    const snapshot = readSnapshot(body)
    return snapshot ? success({ kind: 'state', topic, joinRef, snapshot }) : failure(presenceFault(event))
  }
  const diff = readDiff(body)
  return diff ? success({ kind: 'diff', topic, diff }) : failure(presenceFault(event))
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

/** Reads every item. Null if any cannot be read: half a state is worse than none. */
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
  // An unknown reason from a newer server is still a leave.
  const known = (LEAVE_REASONS as readonly string[]).includes(reason) ? (reason as LeaveReason) : 'closed'
  return { ref, key, reason: known }
}
