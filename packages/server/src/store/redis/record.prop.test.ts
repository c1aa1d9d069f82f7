import { digestOfOne } from '@rollcall/shared-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asciiJson, formatRecord, ownRecord, parseRecord, presenceOf, recordArgs } from './record'

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '__proto__', '\ud800', '":{}'),
)
const change = fc.record({
  op: fc.constant('put' as const),
  ref: fc.string({ unit: 'grapheme-ascii', minLength: 1 }),
  key: text,
  meta: fc.dictionary(text, fc.jsonValue()) as fc.Arbitrary<Record<string, never>>,
  rev: fc.nat(),
  owner: text,
})

describe('a record', () => {
  test('[S-10] comes back unchanged', () => {
    fc.assert(
      fc.property(change, fc.constantFrom('n', 'node1'), (put, node) => {
        const own = ownRecord(put)
        const held = parseRecord(own.ref, formatRecord({ ...own, node }))
        expect(held).toEqual({ ...own, node })
        const presence = presenceOf(own)
        expect([presence?.ref, presence?.key, presence?.rev]).toEqual([put.ref, put.key, put.rev])
        expect(JSON.stringify(presence?.meta)).toBe(JSON.stringify(put.meta))
        expect(JSON.parse(own.owner)).toBe(put.owner)
      }),
    )
  })

  test('has lengths that count bytes and characters alike', () => {
    fc.assert(
      fc.property(text, (name) => {
        const json = asciiJson(name)
        expect(Buffer.byteLength(json)).toBe(json.length)
        expect(JSON.parse(json)).toBe(name)
      }),
    )
  })

  test('knows its share of the digest', () => {
    const own = ownRecord({ op: 'put', ref: 'r', key: 'k', meta: {}, rev: 3, owner: 'o' })
    expect(own.hash).toBe(digestOfOne('r', 3))
    expect(recordArgs(own)).toEqual(['"r"', '3', String(own.hash), '"o"', '"k"', '{}'])
  })

  test('escapes each character outside ASCII with four digits, as JSON demands', () => {
    expect(asciiJson('\u0080é€')).toBe('"\\u0080\\u00e9\\u20ac"')
    expect(asciiJson('~')).toBe('"~"')
  })

  test('is split by lengths of several digits', () => {
    const [owner, key] = [asciiJson('o'.repeat(10)), asciiJson('k'.repeat(100))]
    expect(parseRecord('"r"', `12:34:node:${owner.length}:${key.length}:${owner}${key}{"a":1}`)).toEqual({
      ...{ ref: '"r"', rev: 12, hash: 34, node: 'node', owner, key },
      meta: '{"a":1}',
    })
  })

  test.each(['', 'x', '1:2', '1:2:n:3:', 'x1:2:n:3:4:', '1:2:n:3:4'])('rejects the text %j', (stray) => {
    expect(parseRecord('"r"', stray)).toBe(null)
  })
})
