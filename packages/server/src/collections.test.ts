import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SmallMap } from './collections'

const keys = fc.constantFrom('a', 'b', 'c', '__proto__', '')
const step = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key: keys, value: fc.nat(9) }),
  fc.record({ kind: fc.constant('delete' as const), key: keys }),
  fc.record({ kind: fc.constant('clear' as const) }),
)

test('it holds what a Map holds, whatever is done to it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (steps) => {
      const small = new SmallMap<string, number>()
      const map = new Map<string, number>()
      for (const each of steps) {
        if (each.kind === 'set') {
          small.set(each.key, each.value)
          map.set(each.key, each.value)
        } else if (each.kind === 'delete') expect(small.delete(each.key)).toBe(map.delete(each.key))
        else {
          small.clear()
          map.clear()
        }
        expect(small.size).toBe(map.size)
        for (const key of ['a', 'b', 'c', '__proto__', '']) {
          expect(small.get(key)).toBe(map.get(key))
          expect(small.has(key)).toBe(map.has(key))
        }
        expect(new Map(small.entries())).toEqual(map)
        expect([...small.keys()].sort()).toEqual([...map.keys()].sort())
        expect([...small.values()].sort()).toEqual([...map.values()].sort())
      }
    }),
  )
})

test('what comes in while it is gone through is not met', () => {
  const small = new SmallMap<string, number>()
  small.set('a', 1)
  for (const value of small.values()) small.set(`b${value}`, 2)
  expect(small.size).toBe(2)
})
