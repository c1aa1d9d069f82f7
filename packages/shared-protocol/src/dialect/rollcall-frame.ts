import { type Fault, fault } from '../fault'

/*
 * What both halves of the native dialect have of a frame: [join_ref, ref, topic, event, payload]
 */

/** The topic of what concerns the connection and no channel. */
export const ROLLCALL_SYSTEM_TOPIC = 'rollcall'

export function frameOf(
  joinRef: unknown,
  ref: unknown,
  topic: string,
  event: string,
  payload: unknown,
): string {
  return JSON.stringify([joinRef, ref, topic, event, payload])
}

export function wrongShape(): Fault {
  return fault('invalid_message', 'A frame is an array of five: [join_ref, ref, topic, event, payload].')
}
