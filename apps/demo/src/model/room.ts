import { composeName } from './compose-name'

/*
 * A room is a word in the address: #library is the topic room:library. The hash is taken as it comes, so that a
 * link is never quietly changed into another room's; only names typed into the form become tidy words.
 */

/** Rooms that are always offered. */
export const ROOMS = ['lobby', 'library', 'workshop', 'garden'] as const

export const FIRST_ROOM = ROOMS[0]

/** Longest word that the form makes, in characters. */
export const MAX_ROOM_LENGTH = 32

export function topicOf(room: string): string {
  return `room:${room}`
}

export function hashOf(room: string): string {
  return `#${encodeURIComponent(room)}`
}

/** The room that an address names; the first room if it names none. */
export function roomFromHash(hash: string): string {
  const word = hash.replace(/^#/, '')
  try {
    return decodeURIComponent(word) || FIRST_ROOM
  } catch {
    // A stray percent sign: take it literally.
    return word
  }
}

/** "Late Night!" becomes "late-night"; `null` if nothing usable is left. */
export function roomFromName(text: string): string | null {
  const word = composeName(text)
    .toLocaleLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
  // There is one dash between two words, and so one at most at either end.
  const clipped = [...word.replace(/^-/, '')].slice(0, MAX_ROOM_LENGTH).join('').replace(/-$/, '')
  return clipped === '' ? null : clipped
}

/** "late-night" reads as "Late night". */
export function roomTitle(room: string): string {
  const words = room.replaceAll('-', ' ').trim()
  const [first = '', ...rest] = words
  return words === '' ? room : first.toLocaleUpperCase() + rest.join('')
}
