import { describe, expect, test } from 'vitest'
import { checkName } from './check-name'
import { DEFAULT_LIMITS } from './limits'

const check = (name: string) => checkName('The key', name, 'keyBytes', DEFAULT_LIMITS)
const codesOf = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('[P-19] a name has no character that ends a line, is not seen, or turns the text around it', () => {
  test.each([
    ['a control character', [...codesOf(0, 0x1f), ...codesOf(0x7f, 0x9f)]],
    ['a line or paragraph separator', [0x2028, 0x2029]],
    [
      'a character that sets the direction of text',
      [0x61c, 0x200e, 0x200f, ...codesOf(0x202a, 0x202e), ...codesOf(0x2066, 0x2069)],
    ],
    ['half of a surrogate pair', [0xd800, 0xd83d, 0xdbff, 0xdc00, 0xde00, 0xdfff]],
    ['a byte order mark', [0xfeff]],
  ])('%s', (kind, codes) => {
    for (const code of codes) {
      const [char, hex] = [String.fromCharCode(code), code.toString(16).toUpperCase().padStart(4, '0')]
      for (const [name, index] of [
        [char, 0] as const,
        [`ad${char}a`, 2] as const,
        [`é😀${char}`, 3] as const,
      ]) {
        expect(check(name)).toEqual({
          code: 'invalid_text',
          message: `The key has ${kind} in it, U+${hex} at index ${index}; no name may.`,
        })
      }
    }
  })

  test('the message does not have the character in it', () => {
    expect(check('ada\u202enimda')?.message).toMatch(/^[\x20-\x7e]+$/)
  })

  test('surrogates the wrong way round are two halves', () => {
    expect(check('\ude00\ud83d')?.message).toContain('U+DE00 at index 0')
  })
})

describe('[P-19] a name may be in any language', () => {
  test.each([
    ['nothing', ''],
    ['all of ASCII that is printed', String.fromCharCode(...codesOf(0x20, 0x7e))],
    ['accents, whole and combined', 'Zoë Zoe\u0308'],
    ['Arabic and Hebrew', 'سارة שרה'],
    ['Persian, with a zero width non-joiner', 'می\u200cخواهم'],
    ['Hindi, with a zero width joiner', 'क्\u200dष'],
    ['Chinese, Japanese and Korean', '王小明 さくら 민준'],
    ['an emoji of several', '👩🏽\u200d🚀'],
    ['a flag, and a heart in colour', '🇳🇱 ❤\ufe0f'],
    ['the names of prototypes', '__proto__ constructor'],
    ['the neighbours of what is refused', '\u00a0\u061b\u200d\u2010\u2027\u202f\u2065\u206a\ufefe'],
    ['the first and the last character beyond the basic ones', '\u{10000}\u{10ffff}'],
  ])('%s', (_what, name) => {
    expect(checkName('The key', name, 'frameBytes', DEFAULT_LIMITS)).toBeNull()
  })
})

test('[P-14] a name that is too long is told its limit, whatever is in it', () => {
  expect(check(`${'k'.repeat(64)}\n`)).toMatchObject({
    code: 'limit_exceeded',
    limit: { name: 'keyBytes', max: 64, actual: 65 },
  })
})
