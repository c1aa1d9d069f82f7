import { isLowSurrogate } from './utf8'

/*
 * Decides which characters are visible in their place. Unicode lists the characters that show nothing by themselves
 * (Default_Ignorable_Code_Point). A few of them change how their neighbours look and are allowed beside those:
 *
 *   joiner (U+200D)           beside a virama, and between emoji
 *   non-joiner (U+200C)       between letters of scripts that join, and after a virama within a word
 *   variation selector        after the emoji, ideograph, symbol or letter whose variant it picks
 *   tag characters            in the flags of England, Scotland and Wales
 */

const ZERO_WIDTH_NON_JOINER = 0x200c
const ZERO_WIDTH_JOINER = 0x200d
const KEYCAP = '\u20e3'
const BLACK_FLAG = '\u{1f3f4}'

/** Scripts whose letters join. A non-joiner between two letters keeps them apart. */
const CURSIVE_SCRIPTS = [
  'Arabic',
  'Syriac',
  'Mandaic',
  'Nko',
  'Mongolian',
  'Phags_Pa',
  'Adlam',
  'Hanifi_Rohingya',
]

/** Khmer's register signs. A non-joiner before one decides its place. */
const REGISTER_SHIFTERS = '\u17c9\u17ca'

/** Signs that silence a consonant's vowel. A joiner after one decides how the consonants are written. */
const VIRAMAS =
  '\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca\u0f84\u1039\u103a\u17d2\u1b44\u1baa\u1bab\ua9c0\u{1134d}\u{11442}\u{114c2}'

/** The flags of England, Scotland and Wales: a black flag, the region in tag characters, and the tag that ends it. */
const TAGGED_FLAGS = ['gbeng', 'gbsct', 'gbwls'].map((region) => {
  const tags = [...region].map((letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0)))
  return `${BLACK_FLAG}${tags.join('')}\u{e007f}`
})

/** Each pattern matches one character, so that none is slow on any text. */
function makePatterns() {
  return {
    ignorable: one('\\p{Default_Ignorable_Code_Point}'),
    /** Also invisible, though Unicode does not list them: annotation marks, Egyptian controls and blanks, a filler, a null notehead. */
    empty: one('\\u{fff9}-\\u{fffb}\\u{13430}-\\u{1343f}\\u{13441}\\u{13442}\\u{16fe4}\\u{1d159}'),
    /** White space and the empty Braille cell. */
    space: one('\\p{White_Space}\\u2800'),
    emoji: one('\\p{Emoji}\\p{Extended_Pictographic}'),
    pictograph: one('\\p{Extended_Pictographic}'),
    /** A picture, a skin colour, or the selector that makes a picture. */
    endOfEmoji: one('\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f'),
    ideograph: one('\\p{Ideographic}'),
    mongolian: one('\\u1820-\\u18aa'),
    /** Characters other than emoji that have variants in Unicode's list. */
    varied: one('\\p{Symbol}\\p{Ideographic}\\p{Script=Phags_Pa}\\p{Script=Myanmar}'),
    virama: one(VIRAMAS),
    letterOrMark: one('\\p{Letter}\\p{Mark}'),
    cursive: one(CURSIVE_SCRIPTS.map((script) => `\\p{Script_Extensions=${script}}`).join('')),
    registerShifter: one(REGISTER_SHIFTERS),
  }
}

function one(set: string): RegExp {
  // biome-ignore lint/plugin: the sets are those above, and each pattern reads one character.
  return new RegExp(`^[${set}]$`, 'u')
}

let patterns: ReturnType<typeof makePatterns> | null = null

/** Compiled on first use, which happens on servers only: some browsers do not know these properties. */
function known(): ReturnType<typeof makePatterns> {
  patterns ??= makePatterns()
  return patterns
}

/** Whether the character at this index shows nothing and does not change how a neighbour looks. */
export function isInvisibleCharacter(text: string, at: number): boolean {
  const { ignorable, empty } = known()
  const char = characterAt(text, at)
  if (!ignorable.test(char)) return empty.test(char)
  const code = char.codePointAt(0) as number
  const [before, after] = [characterBefore(text, at), characterAt(text, at + char.length)]
  if (code === ZERO_WIDTH_JOINER || code === ZERO_WIDTH_NON_JOINER) return !joins(code, before, after)
  if (isVariationSelector(code)) return !hasVariant(code, before, after)
  return !isInTaggedFlag(text, at)
}

/** Whether the text is not empty and nothing in it is visible. */
export function isBlank(text: string): boolean {
  const { space, ignorable } = known()
  // Usually the first character decides.
  for (const char of text) if (!space.test(char) && !ignorable.test(char)) return false
  return text !== ''
}

function joins(joiner: number, before: string, after: string): boolean {
  const { endOfEmoji, pictograph, virama, cursive, registerShifter, letterOrMark } = known()
  if (joiner === ZERO_WIDTH_JOINER) {
    if (endOfEmoji.test(before)) return pictograph.test(after)
    return virama.test(before) || (letterOrMark.test(before) && virama.test(after))
  }
  if (!letterOrMark.test(after)) return false
  return virama.test(before) || registerShifter.test(after) || (cursive.test(before) && cursive.test(after))
}

function isVariationSelector(code: number): boolean {
  return (
    (code >= 0xfe00 && code <= 0xfe0f) ||
    (code >= 0xe0100 && code <= 0xe01ef) ||
    (code >= 0x180b && code <= 0x180f)
  )
}

function hasVariant(selector: number, before: string, after: string): boolean {
  const { emoji, ideograph, mongolian, varied } = known()
  if (selector === 0xfe0e || selector === 0xfe0f) {
    // After a digit the selector is part of a keycap, which needs its third character.
    return emoji.test(before) && (before > '\u007f' || after === KEYCAP)
  }
  if (selector >= 0xe0100) return ideograph.test(before)
  return selector < 0x2000 ? mongolian.test(before) : varied.test(before)
}

function isInTaggedFlag(text: string, at: number): boolean {
  const start = text.lastIndexOf(BLACK_FLAG, at)
  if (start < 0) return false
  return TAGGED_FLAGS.some((flag) => at < start + flag.length && text.startsWith(flag, start))
}

function characterAt(text: string, at: number): string {
  const code = text.codePointAt(at)
  return code === undefined ? '' : String.fromCodePoint(code)
}

function characterBefore(text: string, at: number): string {
  const isPair = at > 1 && isLowSurrogate(text.charCodeAt(at - 1))
  return isPair ? characterAt(text, at - 2) : text.slice(Math.max(0, at - 1), at)
}
