import { describe, expect, test } from 'vitest'
import { checkJson } from './check-json'

const ANY = Number.POSITIVE_INFINITY
const depthAllowed = (text: string, jsonDepth: number) => checkJson(text, { jsonDepth, jsonKeys: ANY })
const keysAllowed = (text: string, jsonKeys: number) => checkJson(text, { jsonDepth: ANY, jsonKeys })

describe('[P-9] nesting is counted in brackets outside strings', () => {
  test.each([
    ['1', 0],
    ['[]', 1],
    ['{"a":[{}]}', 3],
    ['[[],[],[]]', 2],
    ['"[[[["', 0],
    ['["\\"[[["]', 1],
    ['["\\\\",[]]', 2],
    ['{"[[":"{{"}', 1],
    ['[-1.5e+3,[2]]', 2],
  ])('%s nests %i deep', (text, depth) => {
    expect(depthAllowed(text, depth)).toBeNull()
    if (depth > 0) {
      const limit = { name: 'jsonDepth', max: depth - 1, actual: depth }
      expect(depthAllowed(text, depth - 1)).toMatchObject({ code: 'limit_exceeded', limit })
    }
  })

  test('a hundred thousand brackets are counted without a stack to overflow', () => {
    const limit = { name: 'jsonDepth', max: 32, actual: 100_000 }
    expect(depthAllowed('['.repeat(100_000), 32)).toMatchObject({ limit })
  })

  test.each(['"', '\\', '"\\', ']]]]', '}{', '[', '', '-', '1e', '1e+', '-e5e5.'])(
    '%j, which is no JSON, is looked at all the same',
    (text) => {
      expect(depthAllowed(text, 1)).toBeNull()
    },
  )
})

describe('[P-20] keys and values are counted', () => {
  test.each([
    ['1', 1],
    ['-1.25e-3', 1],
    ['[]', 1],
    ['"[1,2,3]"', 1],
    ['[true,false,null]', 4],
    ['{"a":1}', 3],
    ['{"a":{"b":[]},"a":"c"}', 7],
    ['[ 10 , [ 20 , "x\\"y" ] ]', 5],
    ['[[],[],{}]', 4],
    ['["true","null"]', 3],
  ])('%s has %i', (text, keys) => {
    expect(keysAllowed(text, keys)).toBeNull()
    const limit = { name: 'jsonKeys', max: keys - 1, actual: keys }
    expect(keysAllowed(text, keys - 1)).toMatchObject({ code: 'limit_exceeded', limit })
  })

  test('the fault names the actual count', () => {
    expect(keysAllowed(JSON.stringify(new Array(5000).fill(0)), 4096)?.message).toBe(
      'The frame has 5001 keys and values; the limit is 4096 (server option limits.jsonKeys).',
    )
  })
})

describe('[P-20] a number that a double cannot hold is no number', () => {
  const check = (text: string) => checkJson(text, { jsonDepth: 32, jsonKeys: 4096 })
  const digits = (count: number) => `1${'0'.repeat(count - 1)}`

  test.each([
    ['1e400', '1e400'],
    ['-1E+400', '-1E+400'],
    ['one among others', '[1,{"a":1.5e309}]'],
    ['one just above', '{"a":-2e308}'],
    ['one of 310 digits', digits(310)],
    ['one of 400 digits in an array', `[${digits(400)}]`],
  ])('%s', (_what, text) => {
    expect(check(text)).toMatchObject({ code: 'invalid_message' })
  })

  test('the fault shows the number, shortened', () => {
    expect(check('[1e400]')?.message).toBe(
      'The number 1e400 is too large for a double; other clients would receive null.',
    )
    expect(check(digits(60_000))?.message).toHaveLength(113)
  })

  test.each([
    ['1e308', '1e308'],
    ['the largest', '-1.7976931348623157e308'],
    ['one that is rounded to 0', '1e-400'],
    ['a 0 with any exponent', '[0e999999]'],
    ['one of 309 digits', digits(309)],
    ['one of many decimals', `0.${'0'.repeat(500)}1`],
    ['a text', '"1e400"'],
    ['a key', '{"1e400":"9e999"}'],
    ['one that is rounded', '12345678901234567890'],
  ])('%s is fine', (_what, text) => {
    expect(check(text)).toBeNull()
    expect(JSON.stringify(JSON.parse(text))).not.toContain('null')
  })
})
