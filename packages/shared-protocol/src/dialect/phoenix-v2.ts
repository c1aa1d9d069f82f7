import { fault } from '../fault'
import { isBinary } from '../json'
import type { ServerMessage } from '../messages'
import type { DecodeContext, DecodedClientMessage, Dialect, Frame } from './dialect'
import { parseFrame } from './dialect'
import { readBinaryPush, writeBinaryEvent, writeBinaryReply } from './phoenix-binary'
import { readPhoenixEnvelope, writePhoenixEnvelope } from './phoenix-envelope'

/*
 * Phoenix channels, serializer V2: [join_ref, ref, topic, event, payload], and binary frames for payloads of bytes.
 * See phoenix-presence.ts for presence and phoenix-binary.ts for binary frames.
 */

export const phoenixV2Dialect: Dialect = {
  name: 'phoenix-v2',
  hasImplicitTopic: false,
  canResume: false,
  rejoinContinues: false,

  decodeClient(frame: Frame, { limits }: DecodeContext): DecodedClientMessage {
    if (typeof frame !== 'string') {
      const push = readBinaryPush(frame)
      return push.ok
        ? readPhoenixEnvelope(push.value, limits)
        : { ok: false, fault: push.fault, replyTo: null }
    }
    const parsed = parseFrame(frame, limits, 'phoenix-v2')
    if (!parsed.ok) return { ok: false, fault: parsed.fault, replyTo: null }
    // Like Phoenix, ignore elements after the fifth: later versions may add some.
    if (!Array.isArray(parsed.value) || parsed.value.length < 5) {
      const text = 'A frame is an array of five: [join_ref, ref, topic, event, payload].'
      return { ok: false, fault: fault('invalid_message', text), replyTo: null }
    }
    const [joinRef, ref, topic, event, payload] = parsed.value
    return readPhoenixEnvelope({ joinRef, ref, topic, event, payload }, limits)
  },

  encodeServer(message: ServerMessage): readonly Frame[] {
    const binary = binaryFrame(message)
    if (binary) return [binary]
    const envelope = writePhoenixEnvelope(message)
    if (!envelope) return []
    const { joinRef, ref, topic, event, payload } = envelope
    return [JSON.stringify([joinRef, ref, topic, event, payload])]
  },
}

function binaryFrame(message: ServerMessage): Uint8Array | null {
  if (message.kind === 'event' && isBinary(message.payload)) {
    return writeBinaryEvent(message.joinRef, message.topic, message.event, message.payload)
  }
  if (message.kind === 'reply' && message.status === 'ok' && isBinary(message.response)) {
    return writeBinaryReply(message.joinRef, message.ref, message.topic, message.response)
  }
  return null
}
