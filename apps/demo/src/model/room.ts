import { composeName } from './compose-name'

/*
 * The hash of the address names the room: #library is the topic room:library. The demo uses the hash unchanged, so a
 * link always leads to its own room. It only normalizes names that are typed into the form.
 */

/** The rooms that the list always shows. */
export const ROOMS = ['lobby', 'library', 'workshop', 'garden'] as const

export const FIRST_ROOM = ROOMS[0]

/** Longest room name that the form makes, in characters. */
export const MAX_ROOM_LENGTH = 32

export function topicOf(room: string): string {
  return `room:${room}`
}

export function hashOf(room: string): string {
  return `#${encodeURIComponent(room)}`
}

/** The room in an address; the first room if it has none. */
export function roomFromHash(hash: string): string {
  const word = hash.replace(/^#/, '')
  try {
    return decodeURIComponent(word) || FIRST_ROOM
  } catch {
    // A percent sign that is no escape stands for itself.
    return word
  }
}

/** "Late Night!" becomes "late-night"; `null` if nothing usable is left. */
export function roomFromName(text: string): string | null {
  const word = composeName(text)
    .toLocaleLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
  // Words are joined by one dash, so there is at most one at each end.
  const clipped = [...word.replace(/^-/, '')].slice(0, MAX_ROOM_LENGTH).join('').replace(/-$/, '')
  return clipped === '' ? null : clipped
}

/** Makes "Late night" of "late-night". */
export function roomTitle(room: string): string {
  const words = room.replaceAll('-', ' ').trim()
  const [first = '', ...rest] = words
  return words === '' ? room : first.toLocaleUpperCase() + rest.join('')
}
