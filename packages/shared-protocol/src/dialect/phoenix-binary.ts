import { type Fault, failure, fault, type Result, success } from '../fault'
import type { MessageRef, Topic } from '../ids'
import { textPayload } from '../json'
import { decodeUtf8, encodeUtf8, utf8Bytes } from '../utf8'
import type { Envelope, RawEnvelope } from './envelope'
import { PHX } from './event-names'

/*
 * Binary frames of V2: one byte of kind, one byte for each text's length, the texts, and the payload.
 *
 *   client  00 push       join_ref, ref, topic, event
 *   server  00 push       join_ref, topic, event            to one
 *           01 reply      join_ref, ref, topic, status
 *           02 broadcast  topic, event                      to all
 */

const PUSH = 0
const REPLY = 1
const BROADCAST = 2

/** Longest text in bytes, because a length is one byte. */
const MAX_TEXT_BYTES = 255

/** Reads the push in a client's frame, with a copy of its payload. */
export function readBinaryPush(frame: Uint8Array): Result<RawEnvelope> {
  if (frame[0] !== PUSH) return failure(malformed(`begins with ${frame[0] ?? 'nothing'} instead of 0`))
  const texts = readTexts(frame, 4)
  if (!texts.ok) return texts
  const [joinRef = '', ref = '', topic, event] = texts.value.texts
  // The socket's reader reuses its memory, and handlers may keep the payload for a while.
  const payload = new Uint8Array(frame.subarray(texts.value.end))
  return success({ joinRef: refOf(joinRef), ref: refOf(ref), topic, event, payload })
}

/** The frame of a client's push of bytes. Throws a `RangeError` if a text is longer than 255 bytes. */
export function writeBinaryPush(
  { joinRef, ref, topic, event }: Omit<Envelope, 'payload'>,
  payload: Uint8Array,
): Uint8Array {
  const frame = write(PUSH, [textOf(joinRef), textOf(ref), topic, event], payload)
  if (frame) return frame
  const [name, text] = utf8Bytes(topic) > MAX_TEXT_BYTES ? ['topic', topic] : ['event name', event]
  throw new RangeError(
    `its ${name} has ${utf8Bytes(text)} bytes, and beside a payload of bytes there is room for ${MAX_TEXT_BYTES}.`,
  )
}

/** The frame of a binary reply; null if a text is longer than 255 bytes. */
export function writeBinaryReply(
  joinRef: MessageRef,
  ref: MessageRef,
  topic: Topic,
  response: Uint8Array,
): Uint8Array | null {
  return write(REPLY, [textOf(joinRef), textOf(ref), topic, 'ok'], response)
}

/** The frame of a binary event, to one join or to all; null if a text is longer than 255 bytes. */
export function writeBinaryEvent(
  joinRef: MessageRef,
  topic: Topic,
  event: string,
  payload: Uint8Array,
): Uint8Array | null {
  return joinRef === null
    ? write(BROADCAST, [topic, event], payload)
    : write(PUSH, [textOf(joinRef), topic, event], payload)
}

/** Reads a server's binary frame, with a copy of its payload. */
export function readBinaryServerFrame(frame: Uint8Array): Result<BinaryServerFrame> {
  const kind = frame[0]
  if (kind !== PUSH && kind !== REPLY && kind !== BROADCAST)
    return failure(malformed(`begins with ${kind ?? 'nothing'} instead of 0, 1 or 2`))
  const read = readTexts(frame, kind === REPLY ? 4 : kind === PUSH ? 3 : 2)
  if (!read.ok) return read
  const { texts, end } = read.value
  const bytes = new Uint8Array(frame.subarray(end))
  if (kind === REPLY) {
    const [joinRef = '', ref = '', topic = '', status = ''] = texts
    return success({ joinRef: refOf(joinRef), ref: refOf(ref), topic, event: PHX.reply, status, bytes })
  }
  const [topic = '', event = ''] = texts.slice(-2)
  const joinRef = kind === PUSH ? refOf(texts[0] ?? '') : null
  return success({ joinRef, ref: null, topic, event, status: null, bytes })
}

interface BinaryServerFrame extends Omit<Envelope, 'payload'> {
  /** Status of a reply; null for an event. */
  readonly status: string | null
  readonly bytes: Uint8Array
}

/**
 * Turns a server's binary frame into a text frame whose payload is `{"base64"}`, for Phoenix's long poll, which carries
 * only text.
 */
export function binaryFrameAsText(frame: Uint8Array): string {
  const read = readBinaryServerFrame(frame)
  if (!read.ok) throw new TypeError(read.fault.message)
  const { joinRef, ref, topic, event, status, bytes } = read.value
  const payload = textPayload(bytes)
  return JSON.stringify([
    joinRef,
    ref,
    topic,
    event,
    status === null ? payload : { status, response: payload },
  ])
}

function write(kind: number, texts: readonly string[], payload: Uint8Array): Uint8Array | null {
  const encoded = texts.map(encodeUtf8)
  if (encoded.some(({ length }) => length > MAX_TEXT_BYTES)) return null
  const headBytes = 1 + encoded.length + encoded.reduce((sum, { length }) => sum + length, 0)
  const frame = new Uint8Array(headBytes + payload.length)
  frame.set([kind, ...encoded.map(({ length }) => length)])
  let at = 1 + encoded.length
  for (const text of encoded) {
    frame.set(text, at)
    at += text.length
  }
  frame.set(payload, at)
  return frame
}

function readTexts(
  frame: Uint8Array,
  count: number,
): Result<{ readonly texts: readonly string[]; readonly end: number }> {
  const texts: string[] = []
  let at = 1 + count
  for (const length of frame.subarray(1, at)) {
    const text = decodeUtf8(frame.subarray(at, at + length))
    at += length
    if (text === null) return failure(malformed('has a text in it that is not UTF-8'))
    texts.push(text)
  }
  return texts.length < count || at > frame.length
    ? failure(malformed('is shorter than its lengths say'))
    : success({ texts, end: at })
}

/** Clients write a missing ref as an empty one. */
function refOf(text: string): string | null {
  return text === '' ? null : text
}

function textOf(ref: MessageRef): string {
  return ref === null ? '' : String(ref)
}

function malformed(what: string): Fault {
  return fault('malformed_frame', `The binary frame ${what}.`)
}
