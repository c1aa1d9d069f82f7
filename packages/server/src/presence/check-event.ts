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
