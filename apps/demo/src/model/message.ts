import { clipName } from './person-name'

/*
 * The demo's only event. The server sends it to everybody in the room, also to the sender, and does not change it. So
 * the author is the sender's claim: a program that must know it needs a channel that adds the identity.
 */

export const MESSAGE_EVENT = 'message'

/** Longest message, in code points. The server accepts frames of 64 KiB; this bound keeps messages readable. */
export const MAX_MESSAGE_LENGTH = 2000

/** The composer shows the remaining length from this one on. */
export const COUNT_FROM = 1800

/** The payload of the event. */
export type MessagePayload = {
  /** Made by the sender. Matches an echo to the sent message, and shows that a retry is the same message. */
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
