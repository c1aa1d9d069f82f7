import { expect, test } from 'vitest'
import { withSection } from './page'

test('a section takes the place of the one before, and what is around it stays', () => {
  const page = 'Before.\n\n<!-- bench:begin -->\n\nold\n\n<!-- bench:end -->\n\nAfter.\n'
  const first = withSection(page, 'new')
  expect(first).toBe('Before.\n\n<!-- bench:begin -->\n\nnew\n\n<!-- bench:end -->\n\nAfter.\n')
  expect(withSection(first, 'new')).toBe(first)
})

test('a page without the marks is left alone', () => {
  expect(() => withSection('Nothing here.', 'new')).toThrow('bench:begin')
})
