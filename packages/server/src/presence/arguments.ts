import {
  checkBytes,
  checkName,
  checkNameText,
  type Fault,
  fault,
  isReservedEvent,
  type Key,
  type Limits,
  type Meta,
  type Topic,
} from '@rollcall/shared-protocol'
import { ServerError, type ServerErrorCode } from '../errors'

/** Returns a sentence that says why an application must not use this event name, or null if it may. (S-15, S-41) */
export function eventProblem(event: unknown): string | null {
  if (typeof event !== 'string' || event === '') {
    const got = event === '' ? 'an empty string' : `a value of type ${typeof event}`
    return `An event name must be a non-empty string, not ${got}.`
  }
  const unfit = checkNameText('The event name', event)
  if (unfit) return unfit.message
  if (isReservedEvent(event)) {
    return `The event name "${event}" belongs to the protocol: clients would take the event for a message of the server itself. Use another name; to send presence, call pushState().`
  }
  return null
}

/** Throws `code` for an event name that no application may use. */
export function checkEvent(event: string, code: ServerErrorCode = 'invalid_argument'): void {
  const problem = eventProblem(event)
  if (problem !== null) throw new ServerError(code, problem)
}

interface CheckedPresence {
  /** The meta as JSON. */
  readonly text: string
  /** A copy, so that the caller cannot change the presence later. */
  readonly meta: Meta
  /** The limit that topic, key or meta breaks; null if they break none. */
  readonly fault: Fault | null
}

/**
 * Checks what is to be tracked and copies the meta through its JSON. Throws `invalid_argument` where topic or key is not
 * a string or the meta is not a JSON object: the calling program then has a mistake.
 */
export function checkTracked(topic: Topic, key: Key, meta: Meta, limits: Limits): CheckedPresence {
  const text = jsonObjectText('A meta', meta)
  const metaFault = checkBytes('The meta', text, 'metaBytes', limits)
  checkIsString('A topic', topic)
  checkIsString('A key', key)
  const nameFault =
    checkName('The topic', topic, 'topicBytes', limits) ?? checkName('The key', key, 'keyBytes', limits)
  return { text, meta: JSON.parse(text) as Meta, fault: nameFault ?? metaFault }
}

function checkIsString(what: string, value: unknown): void {
  if (typeof value === 'string') return
  const text = `${what} must be a string, not a value of type ${typeof value}.`
  throw new ServerError('invalid_argument', text)
}

/**
 * Returns the JSON text of a JSON object. Throws `invalid_argument` for anything else: null, a list, a string, and
 * objects that JSON would write as `{}`, such as a Map or a promise.
 */
export function jsonObjectText(what: string, value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    const message = `${what} must be a JSON object, and this value cannot be written as JSON.`
    throw new ServerError('invalid_argument', message, { cause: error })
  }
  if (text === undefined || text[0] !== '{') {
    throw new ServerError(
      'invalid_argument',
      `${what} must be a JSON object, not ${text?.slice(0, 40) ?? typeof value}.`,
    )
  }
  if (text === '{}' && !isPlain(value)) {
    const name = (value as object).constructor?.name ?? 'object without a constructor'
    throw new ServerError(
      'invalid_argument',
      `${what} must be a plain JSON object: JSON would write this ${name} as {}.`,
    )
  }
  return text
}

function isPlain(value: unknown): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  // An object of another realm, such as a vm's, has another Object.prototype, which inherits nothing either.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

export function notTracked(topic: Topic): Fault {
  return fault(
    'not_tracked',
    `There is no presence in ${JSON.stringify(topic)} to change; join, or track one first.`,
  )
}
