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

test.each(['javascript:alert(1)', 'data:text/html,x', 'example.org', '', '<b>bold</b>'])(
  '%j stays text',
  (text) => {
    expect(linkText(text).every(({ href }) => href === null)).toBe(true)
  },
)

test('no letter is lost', () => {
  const text = 'a https://x.test/!!! b\nhttps://y.test'
  expect(
    linkText(text)
      .map((part) => part.text)
      .join(''),
  ).toBe(text)
})
