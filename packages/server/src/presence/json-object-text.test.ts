import { describe, expect, test } from 'vitest'
import { testRegistry } from '../testing-support/test-registry'

const noObjects: readonly [string, unknown][] = [
  ['null', null],
  ['undefined', undefined],
  ['a number', 5],
  ['a text', 'x'],
  ['true', true],
  ['an array', [1]],
  ['a date', new Date(0)],
  ['a function', () => ({})],
  ['a Map', new Map([['a', 1]])],
  ['a Set', new Set([1])],
  ['a promise', Promise.resolve({ a: 1 })],
  ['URLSearchParams', new URLSearchParams('a=1')],
  ['a bigint within', { n: 1n }],
]

describe('[S-60] a value that is not a JSON object throws where it is passed in', () => {
  test.each(noObjects)('%s as a meta or a patch', (_what, value) => {
    const { registry } = testRegistry()
    const mistake = expect.objectContaining({ code: 'invalid_argument' })
    expect(() => registry.track('a', 'room:1', 'ada', value as never)).toThrow(mistake)
    registry.track('a', 'room:1', 'ada', { n: 1 })
    expect(() => registry.update('a', 'room:1', value as never)).toThrow(mistake)
    expect(() => registry.patch('a', 'room:1', value as never)).toThrow(mistake)
    expect(registry.get('a', 'room:1')?.meta).toEqual({ n: 1 })
  })

  test.each([5, null, undefined, {}])('%j as a key or a topic', (name) => {
    const { registry } = testRegistry()
    const mistake = expect.objectContaining({ code: 'invalid_argument' })
    expect(() => registry.track('a', 'room:1', name as never, {})).toThrow(mistake)
    expect(() => registry.track('a', name as never, 'ada', {})).toThrow(mistake)
  })

  test('empty objects, class instances and objects of other realms are accepted', () => {
    const { registry } = testRegistry()
    class Person {
      name = 'Ada'
    }
    for (const meta of [{}, Object.create(null), new Person(), { toJSON: () => ({ a: 1 }) }]) {
      expect(registry.track('a', 'room:1', 'ada', meta as never).ok).toBe(true)
    }
  })
})
