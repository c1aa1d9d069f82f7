import { fault, faultBody } from '../fault'
import { isJsonObject } from '../json'
import type { ErrorReply, ServerMessage } from '../messages'
import type { FullDiff, Presence } from '../presence/presence'
import type { DecodeContext, DecodedClientMessage, Dialect, Frame } from './dialect'
import { parseFrame } from './dialect'
import { readClientEnvelope, writeServerEnvelope } from './envelope'
import { PHX, PRESENCE } from './event-names'

/*
 * The dialect of zzz's browser client: {topic, event, payload, ref}
 *
 *   presence_state  [{key, meta}]
 *   presence_diff   {joins: [{key, meta}], leaves: [{key, meta}]}
 *
 * zzz's clients know keys and no refs. So a leave names a key only once its last presence has left, and an update is a
 * join of a key that is already there, which overwrites its meta.
 */

/** zzz sends heartbeats to Phoenix's topic; `rollcall` is accepted too. */
const SYSTEM_TOPICS = ['phoenix', 'rollcall']

/** zzz's reason for a topic without a channel. */
const NO_SUCH_CHANNEL = 'no such channel'

export const zzzDialect: Dialect = {
  name: 'zzz',
  hasImplicitTopic: false,
  canResume: false,
  rejoinContinues: true,

  decodeClient(frame: Frame, { limits }: DecodeContext): DecodedClientMessage {
    const parsed = parseFrame(frame, limits, 'zzz')
    if (!parsed.ok) return { ok: false, fault: parsed.fault, replyTo: null }
    if (!isJsonObject(parsed.value)) {
      const problem = fault('invalid_message', 'A frame is an object: {"topic", "event", "payload", "ref"}.')
      return { ok: false, fault: problem, replyTo: null }
    }
    const { topic, event, payload, ref = null, join_ref: joinRef = null } = parsed.value
    // zzz replies to heartbeats on any topic.
    const systemTopics =
      event === PHX.heartbeat && typeof topic === 'string' ? [...SYSTEM_TOPICS, topic] : SYSTEM_TOPICS
    return readClientEnvelope({ joinRef, ref, topic, event, payload }, limits, systemTopics)
  },

  encodeServer(message: ServerMessage): readonly Frame[] {
    if (message.kind === 'reply' && message.status === 'error') return refusal(message)
    switch (message.kind) {
      case 'state':
        return [frameOf(message.topic, PRESENCE.state, message.snapshot.presences.map(entryOf), null)]
      case 'diff':
        return [frameOf(message.topic, PRESENCE.diff, diffBody(message.diff), null)]
      default: {
        const envelope = writeServerEnvelope(message, 'phoenix')
        return envelope ? [frameOf(envelope.topic, envelope.event, envelope.payload, envelope.ref)] : []
      }
    }
  },
}

/**
 * No reply where zzz's server sends none, such as for an event without a handler: its client rejects a promise for each
 * error, and applications written for zzz do not catch it.
 */
function refusal({ topic, ref, fault: problem }: ErrorReply): readonly Frame[] {
  if (problem.code === 'unknown_event' || problem.code === 'not_joined') return []
  const response = faultBody(problem)
  const reason = problem.code === 'unmatched_topic' ? NO_SUCH_CHANNEL : response.reason
  return [frameOf(topic, PHX.reply, { status: 'error', response: { ...response, reason } }, ref)]
}

function frameOf(topic: string, event: string, payload: unknown, ref: unknown): string {
  return JSON.stringify({ topic, event, payload, ref })
}

function entryOf({ key, meta }: Presence): object {
  return { key, meta }
}

function diffBody(diff: FullDiff): object {
  const gone = new Set(diff.disappeared)
  const leaves = new Map<string, object>()
  for (const { presence } of diff.leaves)
    if (gone.has(presence.key)) leaves.set(presence.key, entryOf(presence))
  return {
    joins: [...diff.joins.map(entryOf), ...diff.updates.map(({ key, meta }) => ({ key, meta }))],
    leaves: [...leaves.values()],
  }
}
