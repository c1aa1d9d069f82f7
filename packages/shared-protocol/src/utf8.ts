/**
 * Bytes that a string takes as UTF-8, counted without encoding it. A lone surrogate counts three, as an encoder
 * replaces it with U+FFFD.
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
