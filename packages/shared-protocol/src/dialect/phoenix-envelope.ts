import { fault, faultBody } from '../fault'
import type { JsonValue } from '../json'
import type { Limits } from '../limits'
import type { ServerMessage } from '../messages'
import type { DecodedClientMessage } from './dialect'
import { type Envelope, type RawEnvelope, readClientEnvelope, writeServerEnvelope } from './envelope'
import { PHX, PRESENCE } from './event-names'
import { phoenixDiff, phoenixState } from './phoenix-presence'

/*
 * The part that both Phoenix dialects share:
 *
 *   V2 array, V2 binary frame, V1 object  <-->  Envelope  <-- this file -->  message
 */

/** The topic of heartbeats. */
export const PHOENIX_TOPIC = 'phoenix'

/** Phoenix's reason for a topic without a channel, and for one that the client has not joined. */
const UNMATCHED_TOPIC = 'unmatched topic'

/** Reads a client's envelope. Ignores what Phoenix does not have: hello, and a join from a position. */
export function readPhoenixEnvelope(raw: RawEnvelope, limits: Limits): DecodedClientMessage {
  const decoded = readClientEnvelope(raw, limits, [PHOENIX_TOPIC])
  if (raw.topic === PHOENIX_TOPIC && raw.event !== PHX.heartbeat) {
    const replyTo = replyAddress(decoded)
    const problem = fault('unmatched_topic', 'The topic "phoenix" accepts only heartbeats.')
    return { ok: false, fault: problem, replyTo }
  }
  if (!decoded.ok || decoded.message.kind !== 'join') return decoded
  // Phoenix clients need a whole state after a join; a diff since a position would not help them.
  const { since: _since, ...join } = decoded.message
  return { ok: true, message: join }
}

/** A server's message as an envelope; null if Phoenix has no such message. */
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
        // The server accepted no join, so the reply names none.
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
