import { composeName, MAX_COMPOSED_LENGTH } from './compose-name'

/** Longest name, in code points. At four bytes each, it takes 96 of the 256 bytes of a meta. */
export const MAX_NAME_LENGTH = 24

export type NameCheck = { readonly name: string } | { readonly problem: string }

/** Normalizes a typed name, or returns the problem with it. */
export function checkName(text: string): NameCheck {
  if (text.length > MAX_COMPOSED_LENGTH) return tooLong(text.length)
  const name = tidy(text)
  if (name === '') return { problem: 'Enter a name, so that others know you.' }
  const length = [...name].length
  return length > MAX_NAME_LENGTH ? tooLong(length) : { name }
}

function tooLong(length: number): NameCheck {
  return { problem: `A name has at most ${MAX_NAME_LENGTH} characters; this one has ${length}.` }
}

/** Cuts a name of another client to the longest name. */
export function clipName(text: string): string {
  const characters = [...tidy(text)]
  return characters.length <= MAX_NAME_LENGTH
    ? characters.join('')
    : `${characters.slice(0, MAX_NAME_LENGTH - 1).join('')}…`
}

/** Suggests a name. `random` returns numbers from 0, below 1. */
export function suggestName(random: () => number): string {
  return `${pick(QUALITIES, random)} ${pick(CREATURES, random)}`
}

/**
 * Removes control and format characters, which would hide, reorder or break the text around a name. Joins words by
 * single spaces, as the server requires; the empty cell of Braille (U+2800) looks like a space.
 */
function tidy(text: string): string {
  return composeName(text)
    .replace(/\p{C}/gu, '')
    .replace(/[\s\u2800]+/gu, ' ')
    .trim()
}

function pick(words: readonly string[], random: () => number): string {
  return words[Math.floor(random() * words.length)] ?? ''
}

const QUALITIES = [
  'Amber',
  'Brisk',
  'Calm',
  'Candid',
  'Clever',
  'Gentle',
  'Jolly',
  'Keen',
  'Kind',
  'Lucky',
  'Merry',
  'Nimble',
  'Patient',
  'Quiet',
  'Sunny',
  'Swift',
  'Wise',
]

const CREATURES = [
  'Badger',
  'Crane',
  'Finch',
  'Fox',
  'Hare',
  'Heron',
  'Ibex',
  'Lark',
  'Lynx',
  'Marten',
  'Newt',
  'Otter',
  'Owl',
  'Puffin',
  'Robin',
  'Seal',
  'Wren',
]
