import { type Fault, fault, type Result, success } from '../fault'
import type { Topic } from '../ids'
import { field, type Payload } from '../json'
import type { ReceivedMessage } from '../messages'
import { type Envelope, fieldFault, isMessageRef, objectOrEmpty, type RawEnvelope } from './envelope'
import { PHX, PRESENCE } from './event-names'

/*
 * Reads a server's messages in the vocabulary that several dialects share; the other direction of envelope.ts. Each
 * dialect passes a function that reads its presence.
 */

/** Checks an envelope's fields and reads the message in it. */
export function readServerEnvelope<P>(
  raw: RawEnvelope,
  systemTopic: Topic,
  readPresence: (envelope: Envelope) => Result<P>,
): Result<ReceivedMessage | P> {
  const { joinRef, ref, topic, event } = raw
  if (!isMessageRef(joinRef) || !isMessageRef(ref))
    return { ok: false, fault: fieldFault('ref', 'a string, a number or null', ref) }
  if (typeof topic !== 'string') return { ok: false, fault: fieldFault('topic', 'a string', topic) }
  if (typeof event !== 'string') return { ok: false, fault: fieldFault('event', 'a string', event) }
  const payload = raw.payload as Payload
  const body = objectOrEmpty(payload)
  switch (event) {
    case PHX.reply: {
      const response = (field(body, 'response') ?? {}) as Payload
      return field(body, 'status') === 'ok'
        ? success({ kind: 'reply', topic, ref, joinRef, status: 'ok', response })
        : success({ kind: 'reply', topic, ref, joinRef, status: 'error', response: objectOrEmpty(response) })
    }
    case PHX.close:
      return success({ kind: 'channel_closed', topic, joinRef, response: body })
    case PHX.error:
      return success({ kind: 'channel_failed', topic, joinRef, response: body })
    case PRESENCE.state:
    case PRESENCE.diff:
      return readPresence({ topic, ref, joinRef, event, payload })
    default:
      if (topic === systemTopic && event === 'fault') return success({ kind: 'fault', response: body })
      return success({ kind: 'event', topic, joinRef, event, payload })
  }
}

export function presenceFault(event: string): Fault {
  return fault('invalid_message', `The payload of ${event} is malformed.`)
}
