import { composeName, MAX_COMPOSED_LENGTH } from './compose-name'

/** Longest name, in code points. At four bytes each a name takes 96 of the 256 bytes that a meta may have. */
export const MAX_NAME_LENGTH = 24

export type NameCheck = { readonly name: string } | { readonly problem: string }

/** Takes a typed name as it will be shown, or says what is wrong with it. */
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

/** A name from outside, cut to what there is room for. */
export function clipName(text: string): string {
  const characters = [...tidy(text)]
  return characters.length <= MAX_NAME_LENGTH
    ? characters.join('')
    : `${characters.slice(0, MAX_NAME_LENGTH - 1).join('')}…`
}

/** A friendly name for somebody who has not thought of one. `random` yields numbers from 0 up to 1. */
export function suggestName(random: () => number): string {
  return `${pick(QUALITIES, random)} ${pick(CREATURES, random)}`
}

/**
 * Control and format characters would hide, reorder or break the text around a name. Spaces become single ones between
 * words, as in a name that a server takes; the empty cell of Braille (U+2800) looks like one.
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
