import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeUtf8, encodeUtf8 } from './utf8'

const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units))

describe('[P-9] UTF-8 by hand is what the platform makes of it', () => {
  test('it encodes texts, also with lone surrogates', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.string({ unit: 'binary' })), (text) => {
        expect(encodeUtf8(text)).toEqual(new TextEncoder().encode(text))
      }),
      { numRuns: 2000 },
    )
  })

  test('it decodes to the same text, or to null if the bytes are not UTF-8', () => {
    const likely = fc.constantFrom(
      0x00,
      0x41,
      0x7f,
      0x80,
      0x9f,
      0xa0,
      0xbf,
      0xc1,
      0xc2,
      0xdf,
      0xe0,
      0xed,
      0xef,
    )
    const byte = fc.oneof(
      likely,
      fc.constantFrom(0xf0, 0xf4, 0xf5, 0x8f, 0x90),
      fc.integer({ min: 0, max: 255 }),
    )
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 8 }), (list) => {
        const bytes = Uint8Array.from(list)
        expect(decodeUtf8(bytes)).toBe(platformText(bytes))
      }),
      { numRuns: 20_000 },
    )
  })

  test('a text survives encoding and decoding', () => {
    for (const text of [
      '',
      'room:lobby',
      'ключ 🙂',
      '\uFFFD',
      '\u0000\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}',
    ]) {
      expect(decodeUtf8(encodeUtf8(text))).toBe(text)
    }
  })
})

function platformText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
