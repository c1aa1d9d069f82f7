import { isJsonObject, type JsonObject, type Payload, type Topic } from '@rollcall/shared-protocol'
import { asRollcallError, invalidArgument, type RollcallError } from './errors'

/*
 * Checks of what a program hands over, before JSON turns it into something else: a Map into {}, a Date into a string.
 */

/** Why the value can't be sent as a JSON object; null where it can. `what` begins a sentence. */
export function objectError(what: string, value: unknown): RollcallError | null {
  return tagOf(value) === 'Object'
    ? null
    : invalidArgument(`${what} must be a plain object, not ${nameOf(value)}.`)
}

/** Why the value can't be sent as JSON or as bytes; null where it can. `what` begins a sentence. */
export function jsonError(what: string, value: unknown): RollcallError | null {
  const isJson = ['Object', 'Array', 'String', 'Number', 'Boolean', 'Null', 'ArrayBuffer'].includes(
    tagOf(value),
  )
  const isWritten = typeof (value as { toJSON?: unknown } | null)?.toJSON === 'function'
  if (isJson || isWritten || ArrayBuffer.isView(value)) return null
  return invalidArgument(`${what} must be JSON or bytes, not ${nameOf(value)}.`)
}

/**
 * The object as it will be on the wire, so that later changes of the original do not matter. Throws `invalid_argument`
 * where JSON cannot express it: a bigint, or an object within itself. `what` begins a sentence.
 */
export function jsonObjectOf(what: string, value: unknown): JsonObject {
  throwIfError(objectError(what, value))
  const copy: unknown = JSON.parse(textOf(what, value))
  if (isJsonObject(copy)) return copy
  throw invalidArgument(`${what} must become a JSON object, not ${nameOf(copy)}.`)
}

function textOf(what: string, value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null'
  } catch (error) {
    throw asRollcallError(error, 'invalid_argument', (why) => `${what} cannot be written as JSON: ${why}`)
  }
}

/** Throws the error, if there is one. */
export function throwIfError(error: RollcallError | null): void {
  if (error !== null) throw error
}

/** Refuses what is no object, and the names in it that are not known. `prefix` ends in a dot, or is empty. */
export function checkOptionNames(prefix: string, options: object, known: object): void {
  throwIfError(objectError(prefix === '' ? 'The options' : `The option ${prefix.slice(0, -1)}`, options))
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue
    const names = Object.keys(known).join(', ')
    throw invalidArgument(`There is no option ${JSON.stringify(prefix + name)}; there are ${names}.`)
  }
}

/** What a value is, for people; never the value itself, which may hold a secret. */
function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  const tag = tagOf(value)
  return `${/^[AEIO]/.test(tag) ? 'an' : 'a'} ${typeof value === 'object' ? tag : typeof value}`
}

/** `Map`, `Promise`, `Null`… Asked without `instanceof`: the value may come from another realm. */
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}

/** What goes along with a join, as JSON. The default channel of the server tracks its `meta`. */
export type JoinPayload = { readonly [name: string]: unknown } | (() => { readonly [name: string]: unknown })

/** The payload of one join. Throws `invalid_argument`, or what the application's function throws. */
export function makeJoinPayload(topic: Topic, payload: JoinPayload): JsonObject {
  const made: unknown = typeof payload === 'function' ? payload() : payload
  throwIfError(objectError(`The payload of the join of "${topic}"`, made))
  return made as JsonObject
}

/** Throws for a payload that can't be sent. What a function makes is checked at each join. */
export function checkJoinPayload(topic: Topic, payload: unknown): void {
  if (typeof payload !== 'function')
    throwIfError(objectError(`The payload of the join of "${topic}"`, payload))
}

/** What the application pushes, with bytes of every kind as a `Uint8Array`. */
export function payloadOf(payload: unknown): Payload {
  if (isArrayBuffer(payload)) return new Uint8Array(payload)
  if (!ArrayBuffer.isView(payload)) return payload as Payload
  return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)
}

/** Asked without `instanceof`: it may come from another realm. */
function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return Object.prototype.toString.call(value) === '[object ArrayBuffer]'
}
