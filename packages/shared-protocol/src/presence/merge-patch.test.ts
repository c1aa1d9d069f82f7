import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../json'
import { mergePatch } from './meta-edit'

const parse = (text: string) => JSON.parse(text) as JsonObject

describe('mergePatch', () => {
  // RFC 7396, appendix A, as far as both sides are objects; no other patch can reach us.
  test.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])('%s with %s is %s', (target, patch, result) => {
    expect(JSON.stringify(mergePatch(parse(target), parse(patch)))).toBe(result)
  })

  test('it does not change its arguments', () => {
    const target = parse('{"a":{"b":1}}')
    const patch = parse('{"a":{"c":2}}')
    const merged = mergePatch(target, patch)
    expect([target, patch]).toEqual([{ a: { b: 1 } }, { a: { c: 2 } }])
    expect(merged.a).not.toBe(target.a)
  })

  test('[P-10] a field called __proto__ is a field', () => {
    const merged = mergePatch(parse('{"a":1}'), parse('{"__proto__":{"isAdmin":true}}'))
    expect(JSON.stringify(merged)).toBe('{"a":1,"__proto__":{"isAdmin":true}}')
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype)
    expect(merged.isAdmin).toBeUndefined()
    expect(({} as JsonObject).isAdmin).toBeUndefined()
    expect(JSON.stringify(mergePatch(merged, parse('{"__proto__":null}')))).toBe('{"a":1}')
  })

  test('[P-10] patching a field called constructor does not start from the one that is inherited', () => {
    const merged = mergePatch(parse('{}'), parse('{"constructor":{"name":"x"}}'))
    expect(JSON.stringify(merged)).toBe('{"constructor":{"name":"x"}}')
  })
})
