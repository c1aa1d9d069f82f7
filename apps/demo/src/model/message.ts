import { clipName } from './person-name'

/*
 * The one event of the demo's own. The server passes it on as it is, the sender included, so its author is only
 * what the payload says: a program that needs more has a channel of its own that stamps the identity.
 */

export const MESSAGE_EVENT = 'message'

/** Longest message, in code points. The server takes frames of 64 KiB; this is for those who read. */
export const MAX_MESSAGE_LENGTH = 2000

/** From here on the composer counts down. */
export const COUNT_FROM = 1800

/** What goes over the wire. */
export type MessagePayload = {
  /** Minted by the sender: pairs an echo with what was sent, and makes a retry harmless. */
  readonly id: string
  readonly by: string
  readonly n: string
  readonly text: string
}

export function lengthOf(text: string): number {
  return [...text].length
}

/** Reads a message that somebody sent; `null` for anything else. */
export function readMessage(payload: unknown): MessagePayload | null {
  if (typeof payload !== 'object' || payload === null) return null
  const { id, by, n, text } = payload as Record<string, unknown>
  if (typeof id !== 'string' || id === '' || id.length > 64) return null
  if (typeof by !== 'string' || by === '' || by.length > 64) return null
  if (typeof text !== 'string' || text.trim() === '' || lengthOf(text) > MAX_MESSAGE_LENGTH) return null
  return { id, by, n: (typeof n === 'string' && clipName(n)) || clipName(by), text }
}
