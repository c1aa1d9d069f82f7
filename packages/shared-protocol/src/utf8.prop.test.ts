import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8Bytes } from './utf8'

const encoder = new TextEncoder()

/** Any sequence of UTF-16 units, lone surrogates included; surrogates are made likely. */
const anyUnits = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0xffff }),
      fc.integer({ min: 0xd800, max: 0xdfff }),
      fc.integer({ min: 0, max: 0x7f }),
    ),
  )
  .map((units) => String.fromCharCode(...units))

test('[P-9] utf8Bytes is what an encoder makes of any string', () => {
  fc.assert(
    fc.property(anyUnits, (text) => {
      expect(utf8Bytes(text)).toBe(encoder.encode(text).length)
    }),
    { numRuns: 1000 },
  )
})
