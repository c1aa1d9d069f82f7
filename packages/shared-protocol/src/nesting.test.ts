import { describe, expect, test } from 'vitest'
import { exceedsJsonDepth } from './check-json'

describe('[P-9] exceedsJsonDepth counts brackets outside strings', () => {
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
    expect(exceedsJsonDepth(text, depth)).toBe(false)
    if (depth > 0) expect(exceedsJsonDepth(text, depth - 1)).toBe(true)
  })

  test('a hundred thousand brackets are found without a stack to overflow', () => {
    expect(exceedsJsonDepth('['.repeat(100_000), 32)).toBe(true)
  })

  test.each(['"', '\\', '"\\', ']]]]', '}{', '[', ''])(
    '%j, which is no JSON, is looked at all the same',
    (text) => {
      expect(exceedsJsonDepth(text, 1)).toBe(false)
    },
  )
})
