import { fault } from '../fault'
import { isJsonObject } from '../json'
import type { ServerMessage } from '../messages'
import type { DecodeContext, DecodedClientMessage, Dialect, Frame } from './dialect'
import { parseFrame } from './dialect'
import { readPhoenixEnvelope, writePhoenixEnvelope } from './phoenix-envelope'

/*
 * Phoenix channels, serializer V1: {topic, event, payload, ref}, text only. A client may send `join_ref` but never
 * receives one: the message that ends a channel has the join's ref as its `ref`.
 */

export const phoenixV1Dialect: Dialect = {
  name: 'phoenix-v1',
  hasImplicitTopic: false,
  canResume: false,
  rejoinContinues: false,

  decodeClient(frame: Frame, { limits }: DecodeContext): DecodedClientMessage {
    const parsed = parseFrame(frame, limits, 'phoenix-v1')
    if (!parsed.ok) return { ok: false, fault: parsed.fault, replyTo: null }
    if (!isJsonObject(parsed.value)) {
      const problem = fault('invalid_message', 'A frame is an object: {"topic", "event", "payload", "ref"}.')
      return { ok: false, fault: problem, replyTo: null }
    }
    const { topic, event, payload, ref = null, join_ref: joinRef = null } = parsed.value
    return readPhoenixEnvelope({ joinRef, ref, topic, event, payload }, limits)
  },

  encodeServer(message: ServerMessage): readonly Frame[] {
    const envelope = writePhoenixEnvelope(message)
    if (!envelope) return []
    const { topic, event, payload, ref } = envelope
    return [JSON.stringify({ topic, event, payload, ref })]
  },
}
