import { isJsonObject, type JsonObject, type Payload, type Topic } from '@rollcall/shared-protocol'
import { asRollcallError, invalidArgument, type RollcallError } from './errors'

/*
 * Checks of arguments, before JSON turns them into something else: a Map into {}, a Date into a string. (C-44)
 * The parameter `name` of these functions begins a sentence.
 */

/** Returns an error if the value cannot be sent as a JSON object. */
export function objectError(name: string, value: unknown): RollcallError | null {
  return tagOf(value) === 'Object'
    ? null
    : invalidArgument(`${name} must be a plain object, not ${nameOf(value)}.`)
}

/** Returns an error if the value cannot be sent as JSON or as bytes. */
export function jsonError(name: string, value: unknown): RollcallError | null {
  const isJson = ['Object', 'Array', 'String', 'Number', 'Boolean', 'Null', 'ArrayBuffer'].includes(
    tagOf(value),
  )
  const isWritten = typeof (value as { toJSON?: unknown } | null)?.toJSON === 'function'
  if (isJson || isWritten || ArrayBuffer.isView(value)) return null
  return invalidArgument(`${name} must be JSON or bytes, not ${nameOf(value)}.`)
}

/**
 * Copies the object as it will be sent, so that later changes of the original do not matter. Throws `invalid_argument`
 * if JSON cannot express it, for example a bigint or a cycle.
 */
export function jsonObjectOf(name: string, value: unknown): JsonObject {
  throwIfError(objectError(name, value))
  const copy: unknown = JSON.parse(textOf(name, value))
  if (isJsonObject(copy)) return copy
  throw invalidArgument(`${name} must become a JSON object, not ${nameOf(copy)}.`)
}

function textOf(name: string, value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null'
  } catch (error) {
    throw asRollcallError(error, 'invalid_argument', (why) => `${name} cannot be written as JSON: ${why}`)
  }
}

export function throwIfError(error: RollcallError | null): void {
  if (error !== null) throw error
}

/** Throws if `options` is not an object or has an unknown name. `prefix` is empty or ends in a dot. */
export function checkOptionNames(prefix: string, options: object, known: object): void {
  throwIfError(objectError(prefix === '' ? 'The options' : `The option ${prefix.slice(0, -1)}`, options))
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue
    const names = Object.keys(known).join(', ')
    throw invalidArgument(`There is no option ${JSON.stringify(prefix + name)}. The options are ${names}.`)
  }
}

/** The type of a value, for people. Never the value itself, which may hold a secret. */
function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  const tag = tagOf(value)
  return `${/^[AEIO]/.test(tag) ? 'an' : 'a'} ${typeof value === 'object' ? tag : typeof value}`
}

/** `Map`, `Promise`, `Null` and so on. Not by `instanceof`, which fails for a value of another realm. */
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}

/** The payload of a join, as JSON. The server's default channel tracks its `meta`. */
export type JoinPayload = { readonly [name: string]: unknown } | (() => { readonly [name: string]: unknown })

/** Makes the payload of one join. Throws `invalid_argument`, or what the application's function throws. */
export function makeJoinPayload(topic: Topic, payload: JoinPayload): JsonObject {
  const made: unknown = typeof payload === 'function' ? payload() : payload
  throwIfError(objectError(`The payload of the join of "${topic}"`, made))
  return made as JsonObject
}

/** Throws for a payload that cannot be sent. The result of a function is checked at each join. */
export function checkJoinPayload(topic: Topic, payload: unknown): void {
  if (typeof payload !== 'function')
    throwIfError(objectError(`The payload of the join of "${topic}"`, payload))
}

/** The payload of a push. Bytes of every type become a `Uint8Array`. */
export function payloadOf(payload: unknown): Payload {
  if (isArrayBuffer(payload)) return new Uint8Array(payload)
  if (!ArrayBuffer.isView(payload)) return payload as Payload
  return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)
}

/** Not by `instanceof`, which fails for a value of another realm. */
function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return Object.prototype.toString.call(value) === '[object ArrayBuffer]'
}
