import { describe, expect, test } from 'vitest'
import { field, isJsonObject, isNestedDeeperThan, type JsonObject } from './json'

describe('[P-10] field reads what an object has, and nothing that it inherits', () => {
  test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf', ''])('%j', (name) => {
    expect(field({}, name)).toBeUndefined()
    const own = JSON.parse(`{${JSON.stringify(name)}: 1}`) as JsonObject
    expect(field(own, name)).toBe(1)
  })
})

test('isJsonObject takes objects, and neither arrays nor null nor scalars', () => {
  expect([{}, { a: 1 }].every(isJsonObject)).toBe(true)
  expect([[], null, undefined, 'a', 1, true].some(isJsonObject)).toBe(false)
})

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
