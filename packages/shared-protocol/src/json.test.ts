import { describe, expect, test } from 'vitest'
import { field, isJsonObject, type JsonObject } from './json'

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
