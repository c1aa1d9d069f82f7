import { checkBytes, type Fault, fault } from './fault'
import type { Limits } from './limits'
import { isLowSurrogate } from './utf8'
import { isBlank, isInvisibleCharacter } from './visible-text'

/*
 * People read names (topics, keys, events), logs hold them and other people's pages show them. So a name contains no
 * character that ends a line, is invisible, sets the direction of text, or cannot be written in UTF-8, and at least one
 * visible character. Its only spaces are single U+0020 between visible characters, as in a nickname of RFC 8266.
 * Otherwise two people could have names that look the same.
 */

/** Returns the fault of a name that is too long or contains a forbidden character; null if the name is valid. (P-19, P-22) */
export function checkName(what: string, name: string, limit: keyof Limits, limits: Limits): Fault | null {
  return checkBytes(what, name, limit, limits) ?? checkNameText(what, name)
}

/** Like {@link checkName}, but does not check the length. */
export function checkNameText(what: string, name: string): Fault | null {
  const at = refusedAt(name)
  if (at < 0) return null
  const code = name.codePointAt(at) as number
  if (isAnySpace(code) && isBlank(name)) {
    return fault('invalid_text', `${what} is blank. A name needs at least one visible character.`)
  }
  const shown = `U+${code.toString(16).toUpperCase().padStart(4, '0')} at index ${at}`
  // The message shows only the number, so that the character does no harm there either.
  return fault('invalid_text', `${what} has ${kindOf(name, at, code)}, ${shown}. Remove it.`)
}

/** Index of the first character that is forbidden, or forbidden in its place; -1 if there is none. */
function refusedAt(name: string): number {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code === SPACE && !isSeparating(name, i)) return i
    if (code >= SPACE && code < 0x7f) continue
    const isPair = isHighSurrogate(code) && isLowSurrogate(name.charCodeAt(i + 1))
    if (!isPair && isRefused(code)) return i
    if (isOtherSpace(code)) return i
    if (code === BLANK_CELL && !isBetweenCells(name, i)) return i
    if (isInvisibleCharacter(name, i)) return i
    if (isPair) i++
  }
  return -1
}

const SPACE = 0x20
/** The Braille cell without a dot, which is the space of Braille. */
const BLANK_CELL = 0x2800

/** Whether a space follows a character other than a space and is not the last one. The next character is checked later. */
function isSeparating(name: string, at: number): boolean {
  return at > 0 && at < name.length - 1 && name.charCodeAt(at - 1) !== SPACE
}

function isBetweenCells(name: string, at: number): boolean {
  return isRaisedCell(name.charCodeAt(at - 1)) && isRaisedCell(name.charCodeAt(at + 1))
}

function isRaisedCell(code: number): boolean {
  return code > BLANK_CELL && code <= 0x28ff
}

/** Unicode's other spaces (category Zs without U+0020), which look like one or several of it. */
function isOtherSpace(code: number): boolean {
  if (code < 0x1680) return code === 0xa0
  return (
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  )
}

function isAnySpace(code: number): boolean {
  return code === SPACE || code === BLANK_CELL || isOtherSpace(code)
}

function isRefused(code: number): boolean {
  return isControl(code) || isSeparator(code) || isDirection(code) || isSurrogate(code) || code === 0xfeff
}

function kindOf(name: string, at: number, code: number): string {
  if (code === SPACE) {
    if (at === 0) return 'a space at its beginning'
    return at === name.length - 1 ? 'a space at its end' : 'two spaces in a row'
  }
  if (isControl(code)) return 'a control character in it'
  if (isSeparator(code)) return 'a line or paragraph separator in it'
  if (isDirection(code)) return 'a character that sets the direction of text in it'
  if (isOtherSpace(code)) return 'a space other than U+0020 in it'
  if (code === BLANK_CELL) return 'an empty Braille cell that is not between two others'
  if (code === 0xfeff) return 'a byte order mark in it'
  return isSurrogate(code) ? 'half of a surrogate pair in it' : 'an invisible character in it'
}

/** Unicode's category Cc: tab, line feed, escape, … */
function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code < 0xa0)
}

function isSeparator(code: number): boolean {
  return code === 0x2028 || code === 0x2029
}

/** Unicode's property Bidi_Control: marks, embeddings, overrides and isolates. */
function isDirection(code: number): boolean {
  return (
    code === 0x61c ||
    code === 0x200e ||
    code === 0x200f ||
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069)
  )
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xe000
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xdc00
}
