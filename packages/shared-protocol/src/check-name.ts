import { checkBytes, type Fault, fault } from './fault'
import type { Limits } from './limits'
import { isLowSurrogate } from './utf8'
import { isBlank, isUnseen } from './visible-text'

/*
 * Names (topics, keys, events) are read by people, put into logs and shown in other people's pages. A name has no
 * character that ends a line, is not seen, or turns the text around it; none that UTF-8 cannot write; and something in
 * it that can be seen. Two names that look the same would otherwise be two people.
 */

/** The fault of a name that is too long, or has a character in it that no name may have; null where it is fine. (P-19, P-22) */
export function checkName(what: string, name: string, limit: keyof Limits, limits: Limits): Fault | null {
  return checkBytes(what, name, limit, limits) ?? checkNameText(what, name)
}

/** As {@link checkName}, whatever its length. */
export function checkNameText(what: string, name: string): Fault | null {
  const at = refusedAt(name)
  if (at < 0) {
    if (!isBlank(name)) return null
    return fault('invalid_text', `${what} is blank: nothing in it can be seen; no name may be.`)
  }
  const code = name.codePointAt(at) as number
  const shown = `U+${code.toString(16).toUpperCase().padStart(4, '0')} at index ${at}`
  // By number alone: whoever reads the message must not have the character before them.
  return fault('invalid_text', `${what} has ${kindOf(code)} in it, ${shown}; no name may.`)
}

/** Index of the first character that no name may have; -1 where there is none. */
function refusedAt(name: string): number {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code >= 0x20 && code < 0x7f) continue
    const isPair = isHighSurrogate(code) && isLowSurrogate(name.charCodeAt(i + 1))
    if (!isPair && isRefused(code)) return i
    if (isUnseen(name, i)) return i
    if (isPair) i++
  }
  return -1
}

function isRefused(code: number): boolean {
  return isControl(code) || isSeparator(code) || isDirection(code) || isSurrogate(code) || code === 0xfeff
}

function kindOf(code: number): string {
  if (isControl(code)) return 'a control character'
  if (isSeparator(code)) return 'a line or paragraph separator'
  if (isDirection(code)) return 'a character that sets the direction of text'
  if (code === 0xfeff) return 'a byte order mark'
  return isSurrogate(code) ? 'half of a surrogate pair' : 'a character that is not seen'
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
