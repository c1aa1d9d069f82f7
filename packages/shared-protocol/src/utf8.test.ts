import { describe, expect, test } from 'vitest'
import { utf8Bytes } from './utf8'

describe('[P-9] utf8Bytes counts bytes, not characters', () => {
  test.each([
    ['nothing', '', 0],
    ['ASCII', 'room:lobby', 10],
    ['the last of one byte', '\u007f', 1],
    ['the first of two bytes', '\u0080', 2],
    ['the last of two bytes', '\u07ff', 2],
    ['the first of three bytes', '\u0800', 3],
    ['the last of three bytes', '\uffff', 3],
    ['a pair of surrogates', '😀', 4],
    ['a family joined by ZWJ', '👩‍👧', 11],
    ['a high surrogate alone, as U+FFFD', '\ud83d', 3],
    ['a low surrogate alone', '\ude00', 3],
    ['a pair the wrong way round', '\ude00\ud83d', 6],
    ['a high surrogate before a pair', '\ud83d😀', 7],
    ['a high surrogate before ASCII', '\ud83dx', 4],
  ])('%s', (_what, text, bytes) => {
    expect(utf8Bytes(text)).toBe(bytes)
    expect(new TextEncoder().encode(text).length).toBe(bytes)
  })
})
