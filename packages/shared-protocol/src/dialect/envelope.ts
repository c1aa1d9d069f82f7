import { checkName } from '../check-name'
import { checkBytes, type Fault, fault, faultBody } from '../fault'
import type { MessageRef, Topic } from '../ids'
import { field, isJsonObject, type JsonObject, type JsonValue, type Payload, textPayload } from '../json'
import type { Limits } from '../limits'
import type { ClientMessage, ServerMessage } from '../messages'
import type { DecodedClientMessage } from './dialect'
import { isReservedEvent, PHX, PRESENCE } from './event-names'

/*
 * The vocabulary of Phoenix channels. Several dialects share it and differ in how they write an envelope and presence.
 *
 *   wire text  <-- a dialect's file -->  Envelope  <-- this file -->  message
 */

export interface Envelope<P extends Payload = Payload> {
  readonly joinRef: MessageRef
  readonly ref: MessageRef
  readonly topic: Topic
  readonly event: string
  readonly payload: P
}

/** The field of a join payload with the position of the client's map, or null for none. */
const SINCE = 'presence_since'

/** An envelope as a dialect has read it, with unchecked fields. */
export interface RawEnvelope {
  readonly joinRef: unknown
  readonly ref: unknown
  readonly topic: unknown
  readonly event: unknown
  readonly payload: unknown
}

/** Checks an envelope's fields and reads the message in it. */
export function readClientEnvelope(
  raw: RawEnvelope,
  limits: Limits,
  systemTopics: readonly Topic[],
): DecodedClientMessage {
  const refFault = checkRef('ref', raw.ref, limits)
  const joinRefFault = checkRef('join_ref', raw.joinRef, limits)
  const ref = isMessageRef(raw.ref) && !refFault ? raw.ref : null
  const joinRef = isMessageRef(raw.joinRef) && !joinRefFault ? raw.joinRef : null
  const topicText = typeof raw.topic === 'string' ? raw.topic : ''
  const topicFault = checkName('The topic', topicText, 'topicBytes', limits)
  // The whole topic, however long: clients match a reply by it.
  const replyTo = ref === null ? null : { topic: topicText, ref, joinRef }
  const refuse = (problem: Fault): DecodedClientMessage => ({ ok: false, fault: problem, replyTo })

  if (refFault) return refuse(refFault)
  if (joinRefFault) return refuse(joinRefFault)
  if (typeof raw.topic !== 'string' || raw.topic === '') {
    return refuse(fieldFault('topic', 'a string that is not empty', raw.topic))
  }
  if (topicFault) return refuse(topicFault)
  if (typeof raw.event !== 'string' || raw.event === '') {
    return refuse(fieldFault('event', 'a string that is not empty', raw.event))
  }
  const eventFault = checkName('The event name', raw.event, 'eventBytes', limits)
  if (eventFault) return refuse(eventFault)

  const envelope: Envelope = {
    joinRef,
    ref,
    topic: raw.topic,
    event: raw.event,
    // A payload of null counts as a payload; only a missing one gets the default.
    payload: (raw.payload === undefined ? {} : raw.payload) as Payload,
  }
  const message = systemTopics.includes(envelope.topic)
    ? readSystemMessage(envelope, limits)
    : readChannelMessage(envelope)
  return 'kind' in message ? { ok: true, message } : refuse(message)
}

function readSystemMessage(envelope: Envelope, limits: Limits): ClientMessage | Fault {
  const { event, ref, topic, payload } = envelope
  switch (event) {
    case PHX.heartbeat:
      return { kind: 'heartbeat', ref, topic }
    case 'hello':
      return readHello(ref, isJsonObject(payload) ? payload : {}, limits)
    case 'goodbye':
      return { kind: 'goodbye', ref }
    case 'refresh':
      return readRefresh(ref, isJsonObject(payload) ? payload : {}, limits)
    default:
      return fault(
        'unknown_event',
        `${JSON.stringify(event)} is not an event of the topic ${JSON.stringify(topic)}.`,
      )
  }
}

function readChannelMessage(envelope: Envelope): ClientMessage | Fault {
  const { event, payload, topic, ref, joinRef } = envelope
  switch (event) {
    case PHX.join: {
      const own = payload ?? {}
      return isJsonObject(own) ? readJoin(envelope, own) : fieldFault('payload', 'an object', payload)
    }
    case PHX.leave:
      return { kind: 'leave', topic, ref, joinRef }
    case PRESENCE.update: {
      const meta = isJsonObject(payload) ? field(payload, 'meta') : undefined
      if (!isJsonObject(meta)) return fieldFault('payload.meta', 'an object', meta)
      return { kind: 'update', topic, ref, joinRef, meta }
    }
    case PRESENCE.patch: {
      const patch = isJsonObject(payload) ? field(payload, 'patch') : undefined
      if (!isJsonObject(patch)) return fieldFault('payload.patch', 'an object', patch)
      return { kind: 'patch', topic, ref, joinRef, patch }
    }
    case PRESENCE.sync:
      return { kind: 'sync', topic, ref, joinRef }
    default:
      if (isReservedEvent(event)) {
        return fault(
          'reserved_event',
          `${JSON.stringify(event)} belongs to the protocol. Use another event name.`,
        )
      }
      return { kind: 'push', topic, ref, joinRef, event, payload }
  }
}

function readHello(ref: MessageRef, payload: JsonObject, limits: Limits): ClientMessage | Fault {
  const token = field(payload, 'token')
  const instance = field(payload, 'instance')
  if (token !== undefined && typeof token !== 'string') return fieldFault('payload.token', 'a string', token)
  if (instance !== undefined && typeof instance !== 'string') {
    return fieldFault('payload.instance', 'a string', instance)
  }
  const tooLong =
    checkBytes('The token', token ?? '', 'tokenBytes', limits) ??
    checkBytes('The instance', instance ?? '', 'refBytes', limits)
  if (tooLong) return tooLong
  return {
    kind: 'hello',
    ref,
    ...(token === undefined ? {} : { token }),
    ...(instance === undefined ? {} : { instance }),
  }
}

function readRefresh(ref: MessageRef, payload: JsonObject, limits: Limits): ClientMessage | Fault {
  const given = field(payload, 'params') ?? {}
  const token = field(payload, 'token')
  if (!isJsonObject(given)) return fieldFault('payload.params', 'an object of strings', given)
  if (token !== undefined && typeof token !== 'string') return fieldFault('payload.token', 'a string', token)
  const tooLong = checkBytes('The token', token ?? '', 'tokenBytes', limits)
  if (tooLong) return tooLong
  const params = new Map<string, string>()
  for (const [name, value] of Object.entries(given)) {
    if (typeof value !== 'string') return fieldFault('payload.params', 'an object of strings', given)
    params.set(name, value)
  }
  return { kind: 'refresh', ref, params, ...(token === undefined ? {} : { token }) }
}

/** Moves our `since` out of the join payload. The rest belongs to the application. */
function readJoin({ topic, ref, joinRef }: Envelope, payload: JsonObject): ClientMessage | Fault {
  const since = field(payload, SINCE)
  if (since === undefined) return { kind: 'join', topic, ref, joinRef, payload }
  const { [SINCE]: _since, ...own } = payload
  if (since === null) return { kind: 'join', topic, ref, joinRef, payload: own, since }
  const epoch = isJsonObject(since) ? field(since, 'epoch') : undefined
  const seq = isJsonObject(since) ? field(since, 'seq') : undefined
  if (typeof epoch !== 'string' || typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 0) {
    return fieldFault(`payload.${SINCE}`, 'an object {epoch, seq} or null', since)
  }
  return { kind: 'join', topic, ref, joinRef, payload: own, since: { epoch, seq } }
}

/** Writes every message except presence, which each dialect spells itself. Null for messages that these dialects lack. */
export function writeServerEnvelope(
  message: Exclude<ServerMessage, { kind: 'state' | 'diff' }>,
  systemTopic: Topic,
): Envelope<JsonValue> | null {
  switch (message.kind) {
    case 'reply': {
      const response = message.status === 'ok' ? textPayload(message.response) : faultBody(message.fault)
      return envelopeOf(message.joinRef, message.ref, message.topic, PHX.reply, {
        status: message.status,
        response,
      })
    }
    case 'event':
      return envelopeOf(message.joinRef, null, message.topic, message.event, textPayload(message.payload))
    case 'channel_closed':
      return envelopeOf(message.joinRef, message.joinRef, message.topic, PHX.close, message.response)
    case 'channel_failed':
      return envelopeOf(message.joinRef, message.joinRef, message.topic, PHX.error, faultBody(message.fault))
    case 'fault':
      return envelopeOf(null, null, systemTopic, 'fault', faultBody(message.fault))
    case 'opened':
      return null
  }
}

function envelopeOf(
  joinRef: MessageRef,
  ref: MessageRef,
  topic: Topic,
  event: string,
  payload: JsonValue,
): Envelope<JsonValue> {
  return { joinRef, ref, topic, event, payload }
}

/** A client's message as an envelope. */
export function writeClientEnvelope(message: ClientMessage, systemTopic: Topic): Envelope<JsonValue> {
  switch (message.kind) {
    case 'heartbeat':
      return envelopeOf(null, message.ref, systemTopic, PHX.heartbeat, {})
    case 'hello': {
      const { token, instance } = message
      const payload = {
        ...(token === undefined ? {} : { token }),
        ...(instance === undefined ? {} : { instance }),
      }
      return envelopeOf(null, message.ref, systemTopic, 'hello', payload)
    }
    case 'goodbye':
      return envelopeOf(null, message.ref, systemTopic, 'goodbye', {})
    case 'refresh': {
      const { params, token } = message
      const payload = {
        ...(params.size === 0 ? {} : { params: Object.fromEntries(params) }),
        ...(token === undefined ? {} : { token }),
      }
      return envelopeOf(null, message.ref, systemTopic, 'refresh', payload)
    }
    case 'join': {
      const { since } = message
      const position = since ? { epoch: since.epoch, seq: since.seq } : since
      const payload = position === undefined ? message.payload : { ...message.payload, [SINCE]: position }
      return envelopeOf(message.joinRef, message.ref, message.topic, PHX.join, payload)
    }
    case 'leave':
      return envelopeOf(message.joinRef, message.ref, message.topic, PHX.leave, {})
    case 'push':
      return envelopeOf(
        message.joinRef,
        message.ref,
        message.topic,
        message.event,
        textPayload(message.payload),
      )
    case 'update':
      return envelopeOf(message.joinRef, message.ref, message.topic, PRESENCE.update, { meta: message.meta })
    case 'patch':
      return envelopeOf(message.joinRef, message.ref, message.topic, PRESENCE.patch, { patch: message.patch })
    case 'sync':
      return envelopeOf(message.joinRef, message.ref, message.topic, PRESENCE.sync, {})
    case 'appear':
    case 'disappear':
      throw new TypeError(`This dialect has no message "${message.kind}". Join the topic instead.`)
  }
}

function checkRef(name: string, value: unknown, limits: Limits): Fault | null {
  if (!isMessageRef(value)) return fieldFault(name, 'a string, a number or null', value)
  return typeof value === 'string' ? checkBytes(`The ${name}`, value, 'refBytes', limits) : null
}

export function isMessageRef(value: unknown): value is MessageRef {
  return value === null || typeof value === 'string' || typeof value === 'number'
}

export function fieldFault(name: string, expected: string, actual: unknown): Fault {
  const got =
    actual === undefined
      ? 'nothing'
      : Array.isArray(actual)
        ? 'an array'
        : actual === null
          ? 'null'
          : typeof actual === 'object'
            ? ArrayBuffer.isView(actual)
              ? 'bytes'
              : 'an object'
            : `a ${typeof actual}`
  return fault(
    'invalid_message',
    `The field "${name}" must be ${expected}, not ${actual === '' ? 'an empty string' : got}.`,
  )
}

/** The payload if it is an object, otherwise an empty one. */
export function objectOrEmpty(payload: Payload | undefined): JsonObject {
  return isJsonObject(payload) ? payload : {}
}
