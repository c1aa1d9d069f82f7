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
          message: `The key has ${kind} in it, U+${hex} at index ${index}. Remove it.`,
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
    ['all of ASCII that is printed', String.fromCharCode(...codesOf(0x21, 0x7e), 0x20, 0x21)],
    ['accents, whole and combined', 'Zoë Zoe\u0308'],
    ['Arabic and Hebrew', 'سارة שרה'],
    ['Persian, with a zero width non-joiner', 'می\u200cخواهم'],
    ['Hindi, with a zero width joiner', 'क्\u200dष'],
    ['Chinese, Japanese and Korean', '王小明 さくら 민준'],
    ['an emoji of several', '👩🏽\u200d🚀'],
    ['a flag, and a heart in colour', '🇳🇱 ❤\ufe0f'],
    ['the names of prototypes', '__proto__ constructor'],
    ['the neighbours of what is refused', '\u00a1\u00ac\u061b\u2010\u2027\u205e\u2070\u3001\ufefe\uffef'],
    ['the first and the last character beyond the basic ones', '\u{10000}\u{10ffff}'],
    ['Malayalam, whose chillu ends with a joiner', 'അവന്\u200d'],
    ['Bengali, with a joiner before the virama', 'র\u200d্যাম'],
    ['Sinhala and Khmer', 'ශ්\u200dරී ខ្មែរ'],
    ['a family, and an astronaut in colour', '👩\u200d👩\u200d👧 👨🏿\u200d🚀'],
    ['a flag of several emoji', '🏳\ufe0f\u200d🌈'],
    ['a keycap', '1\ufe0f\u20e3'],
    ['the flags of England, Scotland and Wales', '🏴󠁧󠁢󠁥󠁮󠁧󠁿🏴󠁧󠁢󠁳󠁣󠁴󠁿🏴󠁧󠁢󠁷󠁬󠁳󠁿'],
    ['a variant of an ideograph, as in Japanese surnames', '辻\u{e0100}'],
    ['Mongolian, with its selectors', 'ᠮᠣᠩᠭᠣᠯ\u180bᠠ'],
    ['Korean letters one by one', '민준'.normalize('NFD')],
    ['Braille, with an empty cell', '⠁\u2800⠃'],
  ])('%s', (_what, name) => {
    expect(checkName('The key', name, 'frameBytes', DEFAULT_LIMITS)).toBeNull()
  })
})

describe('[P-22] a name has no character that shows nothing, save where it changes what does', () => {
  test.each([
    ['a zero width space', 'ada\u200b', 3],
    ['a soft hyphen', 'a\u00adda', 1],
    ['a Hangul filler', '\u3164', 0],
    ['its half width', 'ada\uffa0', 3],
    ['choseong and jungseong fillers', 'ada\u115f\u1160', 3],
    ['a word joiner', 'ada\u2060bob', 3],
    ['an invisible plus', 'ada\u2064', 3],
    ['a combining grapheme joiner', 'ada\u034f', 3],
    ['tag characters, with which a text can be hidden', 'ada\u{e0061}', 3],
    ['a flag of no region', '🏴\u{e0061}\u{e007f}', 2],
    ['a flag with more to it', '🏴󠁧󠁢󠁥󠁮󠁧󠁿\u{e0061}', 14],
    ['a joiner between Latin letters', 'a\u200dda', 1],
    ['a joiner at the end', 'ada\u200d', 3],
    ['a joiner at the end of Arabic', 'سارة\u200c', 4],
    ['a joiner at the beginning', '\u200cسارة', 0],
    ['a joiner between Arabic letters, which join by themselves', 'ب\u200dا', 1],
    ['a joiner within Hindi where no vowel is silenced', 'क\u200dख', 1],
    ['a non-joiner there', 'क\u200cख', 1],
    ['a non-joiner at the end of Hindi', 'राम\u094d\u200c', 4],
    ['the filler of Khitan', 'ada\u{16fe4}', 3],
    ['a blank hieroglyph', 'ada\u{13441}', 3],
    ['half of one', 'ada\u{13442}', 3],
    ['two joiners', 'می\u200c\u200cخواهم', 2],
    ['an emoji joined to nothing', '👩\u200d', 2],
    ['an emoji joined to a letter', '👩\u200da', 2],
    ['a variation selector after a letter', 'ada\ufe0f', 3],
    ['a second variation selector', '❤\ufe0f\ufe0f', 2],
    ['a selector after a digit that is no keycap', 'room:1\ufe0f', 6],
    ['a selector of ideographs after a letter', 'a\u{e0100}', 1],
    ['a Mongolian selector after a letter', 'a\u180b', 1],
    ['a Mongolian vowel separator', 'ada\u180e', 3],
    ['a Khmer vowel that is not written', 'ក\u17b4', 1],
    ['an annotation', 'a\ufff9b', 1],
    ['a note without a head', 'a\u{1d159}', 1],
    ['one that is not assigned yet', 'a\u{e0fff}', 1],
  ])('%s', (_what, name, index) => {
    const problem = check(name)
    expect(problem?.code).toBe('invalid_text')
    expect(problem?.message).toMatch(
      /^The key has an invisible character in it, U\+[0-9A-F]{4,6} at index \d+\. Remove it\.$/,
    )
    expect(problem?.message).toContain(`at index ${index}.`)
  })

  test.each([' ', '   ', '\u00a0', '\u3000\u2003', '\u2800', ' \u2800 '])('%j is blank', (name) => {
    expect(check(name)).toEqual({
      code: 'invalid_text',
      message: 'The key is blank. A name needs at least one visible character.',
    })
  })
})

describe('[P-24] the spaces of a name are single ones between what is seen', () => {
  test.each([
    'ada lovelace',
    'a b c',
    'room:general chat',
    '王 小明',
    '😀 😀',
    '⠁\u2800⠃',
    '⠁\u2800⠃\u2800⠉',
  ])('%j is fine', (name) => {
    expect(check(name)).toBeNull()
  })

  test.each([
    ['a space at its beginning', ' ada', 0],
    ['a space at its end', 'ada ', 3],
    ['a space at its end', '😀 ', 2],
    ['two spaces in a row', 'ada  lovelace', 4],
    ['two spaces in a row', 'ada   lovelace', 4],
    ['a space at its end', 'a b  ', 4],
    ['an empty Braille cell that is not between two others', 'ada\u2800', 3],
    ['an empty Braille cell that is not between two others', 'ada\u2800lovelace', 3],
    ['an empty Braille cell that is not between two others', '\u2800⠁', 0],
    ['an empty Braille cell that is not between two others', '⠁\u2800', 1],
    ['an empty Braille cell that is not between two others', '⠁\u2800\u2800⠃', 1],
  ])('%s: %j', (kind, name, index) => {
    const code = name.charCodeAt(index).toString(16).toUpperCase().padStart(4, '0')
    expect(check(name)).toEqual({
      code: 'invalid_text',
      message: `The key has ${kind}, U+${code} at index ${index}. Remove it.`,
    })
  })

  test('no other space of Unicode is one of a name', () => {
    for (const code of [0xa0, 0x1680, ...codesOf(0x2000, 0x200a), 0x202f, 0x205f, 0x3000]) {
      const char = String.fromCharCode(code)
      const hex = code.toString(16).toUpperCase().padStart(4, '0')
      for (const name of [`ada${char}lovelace`, `${char}ada`, `ada${char}`, `ada ${char}bob`]) {
        const at = name.indexOf(char)
        expect(check(name)?.message).toBe(
          `The key has a space other than U+0020 in it, U+${hex} at index ${at}. Remove it.`,
        )
      }
    }
  })
})

test('[P-14] a name that is too long is told its limit, whatever is in it', () => {
  expect(check(`${'k'.repeat(64)}\n`)).toMatchObject({
    code: 'limit_exceeded',
    limit: { name: 'keyBytes', max: 64, actual: 65 },
  })
})
