import { expect, test } from 'vitest'
import { linkText } from './link-text'

test('addresses become links, and the sentence around them does not', () => {
  expect(linkText('See https://example.org/a?b=1#c. (or http://x.test)')).toEqual([
    { text: 'See ', href: null },
    { text: 'https://example.org/a?b=1#c', href: 'https://example.org/a?b=1#c' },
    { text: '. (or ', href: null },
    { text: 'http://x.test', href: 'http://x.test' },
    { text: ')', href: null },
  ])
})

test.each([
  'javascript:alert(1)',
  'javascript://https:alert(1)',
  'data:text/html,x',
  'example.org',
  '',
  '<b>bold</b>',
  'http://',
  'https://...',
  'https://[',
])('%j stays text', (text) => {
  expect(linkText(text).every(({ href }) => href === null)).toBe(true)
})

test('no letter is lost', () => {
  const text = 'a https://x.test/!!! b\nhttps://y.test'
  expect(
    linkText(text)
      .map((part) => part.text)
      .join(''),
  ).toBe(text)
})

test('an address ends where a character turns the writing direction', () => {
  expect(linkText('https://x.test/\u202egnp.exe')).toEqual([
    { text: 'https://x.test/', href: 'https://x.test/' },
    { text: '\u202egnp.exe', href: null },
  ])
})

// 60 KB, more than a frame holds. With a cost that grows with the square these take seconds.
test.each([
  ['dots within an address', `https://x.test/${'.'.repeat(60_000)}x`],
  ['brackets within an address', `https://x.test/${')'.repeat(60_000)}x`],
  ['an address within an address', 'https://'.repeat(7_500)],
  ['beginnings of addresses', 'http:/'.repeat(10_000)],
  ['many short addresses', 'http://x '.repeat(6_600)],
])('a message costs no more than its length: %s', (_title, text) => {
  const startedAt = performance.now()
  expect(
    linkText(text)
      .map((part) => part.text)
      .join(''),
  ).toBe(text)
  expect(performance.now() - startedAt).toBeLessThan(500)
})
