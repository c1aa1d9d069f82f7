import { describe, expect, test } from 'vitest'
import { isNestedDeeperThan } from './nesting'

describe('[P-9] isNestedDeeperThan counts brackets outside strings', () => {
  test.each([
    ['1', 0],
    ['[]', 1],
    ['{"a":[{}]}', 3],
    ['[[],[],[]]', 2],
    ['"[[[["', 0],
    ['["\\"[[["]', 1],
    ['["\\\\",[]]', 2],
    ['{"[[":"{{"}', 1],
  ])('%s nests %i deep', (text, depth) => {
    expect(isNestedDeeperThan(text, depth)).toBe(false)
    if (depth > 0) expect(isNestedDeeperThan(text, depth - 1)).toBe(true)
  })

  test('a hundred thousand brackets are found without a stack to overflow', () => {
    expect(isNestedDeeperThan('['.repeat(100_000), 32)).toBe(true)
  })

  test.each(['"', '\\', '"\\', ']]]]', '}{', '[', ''])(
    '%j, which is no JSON, is looked at all the same',
    (text) => {
      expect(isNestedDeeperThan(text, 1)).toBe(false)
    },
  )
})
