import { fault, faultBody } from '../fault'
import type { JsonValue } from '../json'
import type { Limits } from '../limits'
import type { ServerMessage } from '../messages'
import type { DecodedClientMessage } from './dialect'
import { type Envelope, type RawEnvelope, readClientEnvelope, writeServerEnvelope } from './envelope'
import { PHX, PRESENCE } from './event-names'
import { phoenixDiff, phoenixState } from './phoenix-presence'

/*
 * What both Phoenix dialects say in the same words:
 *
 *   V2 array, V2 binary frame, V1 object  <-->  Envelope  <-- this file -->  message
 */

/** The topic of heartbeats. */
export const PHOENIX_TOPIC = 'phoenix'

/** How Phoenix names a topic that it has no channel for, and one that the client has not joined. */
const UNMATCHED_TOPIC = 'unmatched topic'

/** Reads a client's envelope. What Phoenix has no word for (hello, a join from a position) is not taken as ours. */
export function readPhoenixEnvelope(raw: RawEnvelope, limits: Limits): DecodedClientMessage {
  const decoded = readClientEnvelope(raw, limits, [PHOENIX_TOPIC])
  if (raw.topic === PHOENIX_TOPIC && raw.event !== PHX.heartbeat) {
    const replyTo = replyAddress(decoded)
    const problem = fault('unmatched_topic', 'The topic "phoenix" takes heartbeats, and nothing else.')
    return { ok: false, fault: problem, replyTo }
  }
  if (!decoded.ok || decoded.message.kind !== 'join') return decoded
  // Its clients build on a state: what they missed would be of no use to them.
  const { since: _since, ...join } = decoded.message
  return { ok: true, message: join }
}

/** A server's message as an envelope; null for what Phoenix does not say. */
export function writePhoenixEnvelope(message: ServerMessage): Envelope<JsonValue> | null {
  switch (message.kind) {
    case 'state': {
      const { topic, joinRef, snapshot } = message
      return { joinRef, ref: null, topic, event: PRESENCE.state, payload: phoenixState(snapshot.presences) }
    }
    case 'diff': {
      const { topic, diff } = message
      return { joinRef: null, ref: null, topic, event: PRESENCE.diff, payload: phoenixDiff(diff) }
    }
    case 'reply': {
      const envelope = writeServerEnvelope(message, PHOENIX_TOPIC)
      if (!envelope || message.status === 'ok') return envelope
      const { code } = message.fault
      if (code !== 'unmatched_topic' && code !== 'not_joined') return envelope
      return {
        ...envelope,
        // No join was ever taken, so none is named.
        joinRef: code === 'unmatched_topic' ? null : envelope.joinRef,
        payload: { status: 'error', response: { ...faultBody(message.fault), reason: UNMATCHED_TOPIC } },
      }
    }
    default:
      return writeServerEnvelope(message, PHOENIX_TOPIC)
  }
}

function replyAddress(decoded: DecodedClientMessage) {
  if (!decoded.ok) return decoded.replyTo
  const ref = 'ref' in decoded.message ? decoded.message.ref : null
  return ref === null ? null : { topic: PHOENIX_TOPIC, ref, joinRef: null }
}
