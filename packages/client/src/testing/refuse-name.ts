import { checkNameText, isReservedEvent, type Key } from '@rollcall/shared-protocol'
import { invalidArgument } from '../errors'

/** Throws `invalid_argument` for an event name that a server refuses from an application. (C-49) */
export function refuseEvent(event: unknown): void {
  if (typeof event !== 'string' || event === '') {
    throw invalidArgument(`An event is named by a string that is not empty, not by ${JSON.stringify(event)}.`)
  }
  const unfit = checkNameText('The event name', event)
  if (unfit) throw invalidArgument(unfit.message)
  if (!isReservedEvent(event)) return
  throw invalidArgument(`The event "${event}" belongs to the protocol; to send such a frame, use sendRaw().`)
}

/** Throws `invalid_argument` for a key with a character that no name may have. Its length is not looked at. (C-49) */
export function refuseKey(key: Key): void {
  const unfit = checkNameText('The key', key)
  if (unfit) throw invalidArgument(unfit.message)
}
