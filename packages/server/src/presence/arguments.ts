import { checkNameText, isReservedEvent } from '@rollcall/shared-protocol'
import { ServerError, type ServerErrorCode } from '../errors'

/** Why no application's event may have this name, as a sentence; null where it may. (S-15, S-41) */
export function eventProblem(event: unknown): string | null {
  if (typeof event !== 'string' || event === '') {
    return `An event is named by a string that is not empty, not by ${event === '' ? 'an empty one' : `a value of type ${typeof event}`}.`
  }
  const unfit = checkNameText('The event name', event)
  if (unfit) return unfit.message
  if (isReservedEvent(event)) {
    return `The event "${event}" belongs to the protocol: clients would take it for the server's own word. Name it otherwise; to send presence use pushState().`
  }
  return null
}

/** Throws for an event that no application may have: `invalid_argument`, unless told otherwise. */
export function checkEvent(event: string, code: ServerErrorCode = 'invalid_argument'): void {
  const problem = eventProblem(event)
  if (problem !== null) throw new ServerError(code, problem)
}

/**
 * The JSON text of what has to be a JSON object. Throws `invalid_argument` for anything else: null, a list, a text, and
 * what JSON would write as an empty object, such as a Map or a promise.
 */
export function jsonObjectText(what: string, value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    const message = `${what} must be JSON; this one cannot be written as such.`
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
      `${what} must be a JSON object; of a ${name} nothing would be left.`,
    )
  }
  return text
}

function isPlain(value: unknown): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  // Of another realm, such as a vm's, the prototype is another object, of which nothing is inherited either.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
