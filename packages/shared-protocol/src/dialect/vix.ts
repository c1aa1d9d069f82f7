import { checkName } from '../check-name'
import { type Fault, fault, faultBody } from '../fault'
import { field, isJsonObject, type JsonValue, textPayload } from '../json'
import type { ClientMessage, ServerMessage } from '../messages'
import type { DecodeContext, DecodedClientMessage, Dialect, Frame } from './dialect'
import { parseFrame } from './dialect'
import { fieldFault, objectOrEmpty } from './envelope'
import { isReservedEvent, VIX_PRESENCE } from './event-names'

/*
 * The dialect of Vix.cpp's presence example: {type, payload}
 *
 *   in   presence.join {user}   presence.leave {user}   presence.list {}
 *   out  presence.system {message}         on every open
 *        presence.online {user}            a key appeared
 *        presence.offline {user}           a key disappeared
 *        presence.current {users}          the reply to presence.list
 *        presence.error {reason, message}  a refused message
 *
 * Frames name no topic: the connection is in one topic as soon as it opens. Any other type is an event of the
 * application, in both directions.
 */

export const vixDialect: Dialect = {
  name: 'vix',
  hasImplicitTopic: true,
  canResume: false,
  rejoinContinues: false,

  decodeClient(frame: Frame, context: DecodeContext): DecodedClientMessage {
    const parsed = parseFrame(frame, context.limits, 'vix')
    if (!parsed.ok) return refused(parsed.fault)
    if (!isJsonObject(parsed.value)) {
      return refused(fault('invalid_message', 'A frame is an object: {"type", "payload"}.'))
    }
    const type = field(parsed.value, 'type')
    if (typeof type !== 'string' || type === '')
      return refused(fieldFault('type', 'a string that is not empty', type))
    const typeFault = checkName('The type', type, 'eventBytes', context.limits)
    if (typeFault) return refused(typeFault)
    const payload = field(parsed.value, 'payload')
    const message = readMessage(type, payload === undefined ? {} : payload, context)
    return 'kind' in message ? { ok: true, message } : refused(message)
  },

  encodeServer(message: ServerMessage): readonly Frame[] {
    switch (message.kind) {
      case 'state':
        return [
          frameOf(VIX_PRESENCE.current, {
            users: [...new Set(message.snapshot.presences.map(({ key }) => key))],
          }),
        ]
      case 'diff':
        return [
          ...message.diff.appeared.map((user) => frameOf(VIX_PRESENCE.online, { user })),
          ...message.diff.disappeared.map((user) => frameOf(VIX_PRESENCE.offline, { user })),
        ]
      case 'opened':
        return [frameOf(VIX_PRESENCE.system, { message: 'A new connection opened' })]
      case 'event':
        return [frameOf(message.event, textPayload(message.payload))]
      case 'reply':
        return message.status === 'error' ? [frameOf(VIX_PRESENCE.error, faultBody(message.fault))] : []
      case 'fault':
      case 'channel_failed':
        return [frameOf(VIX_PRESENCE.error, faultBody(message.fault))]
      case 'channel_closed':
        return []
    }
  },
}

function readMessage(type: string, payload: JsonValue, context: DecodeContext): ClientMessage | Fault {
  const { implicitTopic: topic, limits } = context
  switch (type) {
    case VIX_PRESENCE.join:
    case VIX_PRESENCE.leave: {
      const user = field(objectOrEmpty(payload), 'user')
      if (typeof user !== 'string' || user === '') {
        return fieldFault('payload.user', 'a string that is not empty', user)
      }
      const userFault = checkName('The user', user, 'keyBytes', limits)
      if (userFault) return userFault
      return { kind: type === VIX_PRESENCE.join ? 'appear' : 'disappear', topic, key: user }
    }
    case VIX_PRESENCE.list:
      return { kind: 'sync', topic, ref: null, joinRef: null }
    default:
      if (type.startsWith('presence.')) {
        return fault(
          'unknown_event',
          `${JSON.stringify(type)} is not an event of Vix. Send presence.join, presence.leave or presence.list.`,
        )
      }
      if (isReservedEvent(type)) {
        return fault('reserved_event', `${JSON.stringify(type)} belongs to the protocol. Use another type.`)
      }
      return { kind: 'push', topic, ref: null, joinRef: null, event: type, payload }
  }
}

function refused(problem: Fault): DecodedClientMessage {
  return { ok: false, fault: problem, replyTo: null }
}

function frameOf(type: string, payload: unknown): string {
  return JSON.stringify({ type, payload })
}
