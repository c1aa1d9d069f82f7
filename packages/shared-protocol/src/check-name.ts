import { checkBytes, type Fault, fault } from './fault'
import type { Limits } from './limits'
import { isLowSurrogate } from './utf8'
import { isBlank, isInvisibleCharacter } from './visible-text'

/*
 * Names (topics, keys, events) are read by people, put into logs and shown in other people's pages. A name has no
 * character that ends a line, is not seen, or turns the text around it; none that UTF-8 cannot write; and something in
 * it that can be seen. Its only spaces are single ones (U+0020) between what can be seen, as in a nickname of RFC 8266.
 * Two names that look the same would otherwise be two people.
 */

/** The fault of a name that is too long, or has a character in it that no name may have; null where it is fine. (P-19, P-22) */
export function checkName(what: string, name: string, limit: keyof Limits, limits: Limits): Fault | null {
  return checkBytes(what, name, limit, limits) ?? checkNameText(what, name)
}

/** As {@link checkName}, whatever its length. */
export function checkNameText(what: string, name: string): Fault | null {
  const at = refusedAt(name)
  if (at < 0) return null
  const code = name.codePointAt(at) as number
  if (isAnySpace(code) && isBlank(name)) {
    return fault('invalid_text', `${what} is blank: nothing in it can be seen; no name may be.`)
  }
  const shown = `U+${code.toString(16).toUpperCase().padStart(4, '0')} at index ${at}`
  // By number alone: whoever reads the message must not have the character before them.
  return fault('invalid_text', `${what} has ${kindOf(name, at, code)}, ${shown}; no name may.`)
}

/** Index of the first character that no name may have, or not there; -1 where there is none. */
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
/** The cell of Braille without a dot: the space of Braille. */
const BLANK_CELL = 0x2800

/** Whether a space stands between two characters of which the one before it is none. The one after it is looked at later. */
function isSeparating(name: string, at: number): boolean {
  return at > 0 && at < name.length - 1 && name.charCodeAt(at - 1) !== SPACE
}

function isBetweenCells(name: string, at: number): boolean {
  return isRaisedCell(name.charCodeAt(at - 1)) && isRaisedCell(name.charCodeAt(at + 1))
}

function isRaisedCell(code: number): boolean {
  return code > BLANK_CELL && code <= 0x28ff
}

/** The spaces of Unicode (category Zs) but U+0020: they look like it, or like several. */
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
  return isSurrogate(code) ? 'half of a surrogate pair in it' : 'a character that is not seen in it'
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
