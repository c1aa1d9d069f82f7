import fc from 'fast-check'
import { expect, test } from 'vitest'
import { packParams, unpackParams } from './handshake-copy'

test('params are the same after they were packed, whatever their names', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.string())), (pairs) => {
      const params = new Map([...pairs, ['__proto__', 'x'] as const])
      expect(unpackParams(packParams(params))).toEqual(params)
    }),
  )
})

test('no params take nothing', () => {
  expect(packParams(new Map())).toBe(packParams(new Map()))
  expect(unpackParams([])).toEqual(new Map())
})
