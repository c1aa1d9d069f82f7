import type { ReceivedMessage, ServerMessage } from '../messages'
import type { Presence, PresenceDiff, PresenceSnapshot } from '../presence/presence'
import type { ClientDialect, DecodeContext, DecodedClientMessage, Dialect, Frame } from './dialect'
import { parseFrame } from './dialect'
import { readClientEnvelope, writeServerEnvelope } from './envelope'
import { PRESENCE } from './event-names'
import { frameOf, ROLLCALL_SYSTEM_TOPIC, rollcallClientDialect, shapeFault } from './rollcall-client'

/*
 * The native dialect: [join_ref, ref, topic, event, payload]
 *
 *   presence_state  {epoch, seq, digest, presences: [{ref, key, meta, rev}]}
 *   presence_diff   {epoch, base, seq, digest, joins: [{ref, key, meta, rev}],
 *                    updates: [{ref, rev, meta}], leaves: [{ref, key, reason}]}
 */

export const rollcallDialect: Dialect & ClientDialect<ReceivedMessage> = {
  ...rollcallClientDialect,
  hasImplicitTopic: false,
  canResume: true,
  rejoinContinues: false,

  decodeClient(frame: Frame, { limits }: DecodeContext): DecodedClientMessage {
    const parsed = parseFrame(frame, limits, 'rollcall')
    if (!parsed.ok) return { ok: false, fault: parsed.fault, replyTo: null }
    if (!Array.isArray(parsed.value) || parsed.value.length !== 5) {
      return { ok: false, fault: shapeFault(), replyTo: null }
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
}

function stateBody(snapshot: PresenceSnapshot): object {
  const { epoch, seq, digest, presences } = snapshot
  return { epoch, seq, digest, presences: presences.map(presenceBody) }
}

// Names each field, so that the server's own fields never reach the wire.
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
