/**
 * Bytes of a string as UTF-8, counted without encoding it. A lone surrogate counts as three, because an encoder replaces
 * it with U+FFFD.
 */
export function utf8Bytes(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x80) continue
    if (code < 0x800) bytes += 1
    else if (code >= 0xd800 && code < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1))) {
      // A pair is two units and four bytes.
      bytes += 2
      i++
    } else bytes += 2
  }
  return bytes
}

/** Whether a UTF-16 unit is the second half of a pair. */
export function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code < 0xe000
}

/*
 * Encodes and decodes the short texts of binary frames: topic, event, ref. Written by hand, because some runtimes have
 * no TextEncoder.
 */

/** Encodes a text as UTF-8. A lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Bytes(text))
  let at = 0
  for (const char of text) {
    const code = wellFormed(char.codePointAt(0) ?? 0)
    if (code < 0x80) bytes[at++] = code
    else {
      const tail = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3
      bytes[at++] = (LEAD[tail] ?? 0) | (code >> (6 * tail))
      for (let left = tail - 1; left >= 0; left--) bytes[at++] = 0x80 | ((code >> (6 * left)) & 0x3f)
    }
  }
  return bytes
}

/** Decodes UTF-8. Null if the bytes are truncated, overlong, a surrogate or beyond the last character. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at++] ?? 0
    if (lead < 0x80) {
      text += String.fromCharCode(lead)
      continue
    }
    const tail = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1
    if (lead < 0xc2 || lead > 0xf4) return null
    let code = lead & (0x3f >> tail)
    for (let left = tail; left > 0; left--) {
      const byte = bytes[at++] ?? 0
      if (byte >> 6 !== 0b10) return null
      code = (code << 6) | (byte & 0x3f)
    }
    if (code < (SMALLEST[tail] ?? 0) || code > 0x10ffff || isSurrogate(code)) return null
    text += String.fromCodePoint(code)
  }
  return text
}

/** Marker of the first byte, and smallest code, by the number of bytes after the first. */
const LEAD = [0, 0xc0, 0xe0, 0xf0]
const SMALLEST = [0, 0x80, 0x800, 0x10000]

function wellFormed(code: number): number {
  return isSurrogate(code) ? 0xfffd : code
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xe000
}
