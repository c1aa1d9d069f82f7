import { type Fault, fault, limitFault } from './fault'
import type { Limits } from './limits'

/** Bounds that a JSON text must keep before it is parsed. */
export type JsonBounds = Pick<Limits, 'jsonDepth' | 'jsonKeys'>

/** A number without an exponent and with at most this many digits fits a double. */
const SAFE_DIGITS = 308
/** Also matches inside strings, which only makes the check stricter. */
const EXPONENT = /[0-9][eE]/

/**
 * Returns the fault of a JSON text that nests too deep, holds too many keys and values (each container counts as one),
 * or contains a number that a double cannot hold; null if it breaks no bound. Call it before parsing: a value nested
 * ten thousand deep overflows the stack of the next function that walks it, `JSON.stringify` included. The parser
 * refuses text that is not JSON. (P-9, P-20)
 */
export function checkJson(text: string, bounds: JsonBounds): Fault | null {
  return isSafeAtAGlance(text, bounds) ? null : scan(text, bounds)
}

/** Clears most frames, which are short, in a third of the time: the engine's own searches are faster than our scan. */
function isSafeAtAGlance(text: string, { jsonDepth, jsonKeys }: JsonBounds): boolean {
  // Each key and each value takes at least one character.
  if (text.length > jsonKeys) return false
  if (text.length > SAFE_DIGITS || EXPONENT.test(text)) return false
  return countOf('{', text) + countOf('[', text) <= jsonDepth
}

function countOf(character: string, text: string): number {
  let count = 0
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) count++
  return count
}

function scan(text: string, bounds: JsonBounds): Fault | null {
  const { length } = text
  let depth = 0
  let deepest = 0
  let keys = 0
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x22 /* " */) {
      keys++
      for (i++; i < length; i++) {
        const inner = text.charCodeAt(i)
        if (inner === 0x22) break
        if (inner === 0x5c /* \ */) i++
      }
    } else if (isDigit(code)) {
      keys++
      const start = i
      let hasExponent = false
      for (i++; i < length; i++) {
        const next = text.charCodeAt(i)
        if (isDigit(next)) continue
        if (next === 0x65 /* e */ || next === 0x45 /* E */) hasExponent = true
        else if (next !== 0x2e /* . */ && next !== 0x2b /* + */ && next !== 0x2d /* - */) break
      }
      if (hasExponent || i - start > SAFE_DIGITS) {
        const number = text.slice(start, i)
        if (Number(number) === Number.POSITIVE_INFINITY) return hugeNumber(number)
      }
      i--
    } else if (code === 0x5b /* [ */ || code === 0x7b /* { */) {
      keys++
      if (++depth > deepest) deepest = depth
    } else if (code === 0x5d || code === 0x7d) depth--
    // The first letters of true, false and null, the only words of JSON.
    else if (code === 0x74 || code === 0x66 || code === 0x6e) keys++
  }
  const { jsonDepth, jsonKeys } = bounds
  if (deepest > jsonDepth) {
    return limitFault(`The frame nests ${deepest} levels deep`, 'jsonDepth', jsonDepth, deepest)
  }
  return keys > jsonKeys
    ? limitFault(`The frame has ${keys} keys and values`, 'jsonKeys', jsonKeys, keys)
    : null
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function hugeNumber(text: string): Fault {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text
  return fault(
    'invalid_message',
    `The number ${shown} is too large for a double; other clients would receive null.`,
  )
}

/**
 * Whether brackets nest deeper than `maxDepth` in a JSON text. Call it before parsing: a value nested ten thousand deep
 * overflows the stack of the next function that walks it, `JSON.stringify` included.
 */
export function exceedsJsonDepth(text: string, maxDepth: number): boolean {
  let depth = 0
  let isInString = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (isInString) {
      if (code === 0x5c /* \ */) i++
      else if (code === 0x22 /* " */) isInString = false
    } else if (code === 0x22) isInString = true
    else if (code === 0x5b /* [ */ || code === 0x7b /* { */) {
      if (++depth > maxDepth) return true
    } else if (code === 0x5d || code === 0x7d) depth--
  }
  return false
}
