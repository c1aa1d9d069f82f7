import { expect, test } from 'vitest'
import { checkName, clipName, MAX_NAME_LENGTH, suggestName } from './person-name'

test('a name is taken without what hides or surrounds it', () => {
  expect(checkName('  Ada \u202e Lovelace\u0000 ')).toEqual({ name: 'Ada Lovelace' })
})

test('[P-24] two names that look the same are one name', () => {
  for (const same of [
    'Ada Lovelace ',
    ' Ada  Lovelace',
    'Ada\u00a0Lovelace',
    'Ada\u3000Lovelace',
    'Ada\u2800Lovelace\u2800',
  ]) {
    expect(checkName(same)).toEqual({ name: 'Ada Lovelace' })
  }
  expect(checkName('A\u3164da\uffa0')).toEqual({ name: 'Ada' })
  expect(checkName('\u2800\u3164')).toEqual({ problem: 'Enter a name, so that others know you.' })
})

test('no name, and a name too long, are told with the limit', () => {
  expect(checkName(' \n ')).toEqual({ problem: 'Enter a name, so that others know you.' })
  expect(checkName('x'.repeat(30))).toEqual({
    problem: 'A name has at most 24 characters; this one has 30.',
  })
  expect(checkName('x'.repeat(24))).toEqual({ name: 'x'.repeat(24) })
})

test('a name from outside is cut at a character, never within one', () => {
  const clipped = clipName('😀'.repeat(40))
  expect([...clipped]).toHaveLength(MAX_NAME_LENGTH)
  expect(clipped.endsWith('…')).toBe(true)
  expect(utf8Bytes(clipped)).toBeLessThanOrEqual(96)
})

test('every suggestion is a name that would be taken', () => {
  for (let i = 0; i < 100; i++) {
    const name = suggestName(() => i / 100)
    expect(checkName(name)).toEqual({ name })
  }
})

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length
}
