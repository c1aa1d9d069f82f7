import { checkName, checkNameText, isReservedEvent, type Key, type Limits } from '@rollcall/shared-protocol'
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

/** Throws `invalid_argument` for a key that no presence of a server has. (C-49) */
export function refuseKey(key: Key, limits: Limits): void {
  const unfit = checkName('The key', key, 'keyBytes', limits)
  if (unfit) throw invalidArgument(unfit.message)
}
