import { describe, expect, test } from 'vitest'
import { busText, parseMessage } from './topic-message'

describe('the messages of a topic', () => {
  test('a diff', () => {
    const text =
      '{"k":"d","epoch":"e","base":1,"was":7,"seq":2,"digest":9,"node":"n","joins":[],"updates":[],"leaves":[{"ref":"r","key":"k","reason":"left"}]}'
    expect(parseMessage(text)).toEqual({
      kind: 'diff',
      diff: {
        epoch: 'e',
        base: 1,
        seq: 2,
        digest: 9,
        joins: [],
        updates: [],
        leaves: [{ ref: 'r', key: 'k', reason: 'left' }],
      },
      was: 7,
      node: 'n',
    })
  })

  test.each([
    ['{"k":"n","ref":"r","node":"n2"}', { kind: 'adopted', ref: 'r', node: 'n2' }],
    ['{"k":"a","epoch":"e","node":"n","former":""}', { kind: 'asserted', epoch: 'e', node: 'n', former: [] }],
    [
      '{"k":"a","epoch":"e","node":"n","former":"m,l"}',
      { kind: 'asserted', epoch: 'e', node: 'n', former: ['m', 'l'] },
    ],
    ['{"k":"r","epoch":"e"}', { kind: 'begun', epoch: 'e' }],
  ])('%s', (text, message) => {
    expect(parseMessage(text)).toEqual(message)
  })

  test.each([
    { event: 'e', payload: { __proto__: null, a: [1] } },
    { event: 'e', payload: 'AAEC', isBinary: true as const },
  ])('a broadcast: %j', (message) => {
    expect(parseMessage(busText('me', message))).toEqual({ kind: 'bus', from: 'me', message })
  })

  test.each(['', 'null', '[]', '{}', '{"k":"?"}', '{"k":'])('ignores %j', (text) => {
    expect(parseMessage(text)).toBe(null)
  })
})
