import { describe, expect, test } from 'vitest'
import { encodeBase64, textPayload } from './json'

describe('bytes as base64', () => {
  // The vectors of RFC 4648, 10.
  test.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('%j', (text, base64) => {
    expect(encodeBase64(Buffer.from(text))).toBe(base64)
  })

  test('every byte is encoded right in every place', () => {
    for (let length = 256; length < 260; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 7)
      expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
    }
  })
})

describe('a payload for a dialect without binary frames', () => {
  test('JSON stays as it is, and bytes become {base64}', () => {
    for (const payload of [null, 0, '', [], {}, { base64: 'x' }]) expect(textPayload(payload)).toBe(payload)
    expect(textPayload(Uint8Array.of(1, 2, 3))).toEqual({ base64: 'AQID' })
    expect(textPayload(Buffer.from([255]))).toEqual({ base64: '/w==' })
  })
})
