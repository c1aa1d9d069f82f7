import type { ClientMessage } from '../client-message'
import { fault } from '../fault'
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
import type { ReceivedMessage, ServerMessage } from '../server-message'
import { SUBPROTOCOL } from '../version'
import type { ClientDialect, DecodeContext, DecodedClientMessage, Dialect, Frame } from './dialect'
import {
  type Envelope,
  objectOr,
  readClientEnvelope,
  writeClientEnvelope,
  writeServerEnvelope,
} from './envelope'
import { PRESENCE } from './event-names'
import { parseFrame } from './parse-frame'
import { readServerEnvelope, SERVER_FRAME_DEPTH, wrongPresence } from './server-envelope'

/*
 * The native dialect: [join_ref, ref, topic, event, payload]
 *
 *   presence_state  {epoch, seq, digest, presences: [{ref, key, meta, rev}]}
 *   presence_diff   {epoch, base, seq, digest, joins: [{ref, key, meta, rev}],
 *                    updates: [{ref, rev, meta}], leaves: [{ref, key, reason}]}
 */

/** The topic of what concerns the connection and no channel. */
export const ROLLCALL_SYSTEM_TOPIC = 'rollcall'

export const rollcallDialect: Dialect & ClientDialect<ReceivedMessage> = {
  name: 'rollcall',
  hasImplicitTopic: false,
  canResume: true,
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
  hasIdleTimeout: false,

  decodeClient(frame: Frame, { limits }: DecodeContext): DecodedClientMessage {
    const parsed = parseFrame(frame, limits.jsonDepth, 'rollcall')
    if (!parsed.ok) return { ok: false, fault: parsed.fault, replyTo: null }
    if (!Array.isArray(parsed.value) || parsed.value.length !== 5) {
      return { ok: false, fault: wrongShape(), replyTo: null }
    }
    const [joinRef, ref, topic, event, payload] = parsed.value
    return readClientEnvelope({ joinRef, ref, topic, event, payload }, limits, [ROLLCALL_SYSTEM_TOPIC])
  },

  encodeServer(message: ServerMessage): readonly Frame[] {
    switch (message.kind) {
      case 'state':
        return [frameOf(message.joinRef, null, message.topic, PRESENCE.state, stateBody(message.snapshot))]
      case 'diff':
        return [frameOf(null, null, message.topic, PRESENCE.diff, diffBody(message.diff))]
      default: {
        const envelope = writeServerEnvelope(message, ROLLCALL_SYSTEM_TOPIC)
        return envelope
          ? [frameOf(envelope.joinRef, envelope.ref, envelope.topic, envelope.event, envelope.payload)]
          : []
      }
    }
  },

  encodeClient(message: ClientMessage): Frame {
    const { joinRef, ref, topic, event, payload } = writeClientEnvelope(message, ROLLCALL_SYSTEM_TOPIC)
    return frameOf(joinRef, ref, topic, event, payload)
  },

  decodeServer(frame: Frame): Result<ReceivedMessage> {
    const parsed = parseFrame(frame, SERVER_FRAME_DEPTH, 'rollcall')
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

function frameOf(joinRef: unknown, ref: unknown, topic: string, event: string, payload: unknown): string {
  return JSON.stringify([joinRef, ref, topic, event, payload])
}

function stateBody(snapshot: PresenceSnapshot): object {
  const { epoch, seq, digest, presences } = snapshot
  return { epoch, seq, digest, presences: presences.map(presenceBody) }
}

// Fields are named one by one: what a server keeps beside them stays at home.
function diffBody(diff: PresenceDiff): object {
  const { epoch, base, seq, digest } = diff
  return {
    epoch,
    base,
    seq,
    digest,
    joins: diff.joins.map(presenceBody),
    updates: diff.updates.map(({ ref, rev, meta }) => ({ ref, rev, meta })),
    leaves: diff.leaves.map(({ ref, key, reason }) => ({ ref, key, reason })),
  }
}

function presenceBody({ ref, key, meta, rev }: Presence): object {
  return { ref, key, meta, rev }
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

function wrongShape() {
  return fault('invalid_message', 'A frame is an array of five: [join_ref, ref, topic, event, payload].')
}
