import { expect, test } from 'vitest'
import { avatarOf, INKS } from './avatar'

test.each([
  ['Ada Lovelace', 'AL'],
  ['ada', 'A'],
  ['Jean-Luc', 'JL'],
  ['Ada B. King', 'AK'],
  ['😀 party', '😀P'],
  ['', '?'],
])('%j has the initials %s', (name, initials) => {
  expect(avatarOf('id', name).initials).toBe(initials)
})

test('the colour belongs to the id, not to the name', () => {
  expect(avatarOf('u1', 'Ada').ink).toBe(avatarOf('u1', 'Grace').ink)
})

test('ids use the whole palette', () => {
  const inks = new Set(Array.from({ length: 200 }, (_, i) => avatarOf(`user${i}`, '').ink))
  expect([...inks].sort((a, b) => a - b)).toEqual(Array.from({ length: INKS }, (_, i) => i))
})
