import { describe, expect, test } from 'vitest'
import { CLOSE_CODES, type CloseCode, shouldReconnect } from './close-code'

describe('whether a client connects again', () => {
  test.each([1001, 1011, 1012, 1013, 4001, 4005, 4006])('after %i: yes', (code) => {
    expect(shouldReconnect(code)).toBe(true)
  })

  test.each([1000, 1008, 4002, 4004])('after %i, which means that it is not wanted: no', (code) => {
    expect(shouldReconnect(code)).toBe(false)
  })

  test.each([1005, 1006, 1015, 3000, 4999, -1, 0])('after %i, which may be a proxy: yes', (code) => {
    expect(shouldReconnect(code)).toBe(true)
  })
})

test('a client does for every code as the table says', () => {
  for (const [code, entry] of Object.entries(CLOSE_CODES))
    expect([code, shouldReconnect(Number(code))]).toEqual([code, entry.shouldReconnect])
})

test('every code is one that a program may send, and its name is its own', () => {
  const entries = Object.entries(CLOSE_CODES) as unknown as [CloseCode, { name: string; meaning: string }][]
  for (const [code, { meaning }] of entries) {
    expect(Number(code)).toSatisfy((n: number) => (n >= 1000 && n <= 1014) || (n >= 4000 && n <= 4999))
    expect(meaning).toMatch(/\.$/)
  }
  expect(new Set(entries.map(([, { name }]) => name)).size).toBe(entries.length)
})
