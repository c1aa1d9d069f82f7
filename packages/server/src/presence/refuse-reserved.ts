import { isReservedEvent } from '@rollcall/shared-protocol'
import { ServerError } from '../errors'

/** Throws `invalid_argument` for an event of the application's that clients would take for the protocol's. (S-15) */
export function refuseReserved(event: string): void {
  if (!isReservedEvent(event)) return
  throw new ServerError(
    'invalid_argument',
    `The event "${event}" belongs to the protocol; to send presence use pushState(), else name the event otherwise.`,
  )
}
