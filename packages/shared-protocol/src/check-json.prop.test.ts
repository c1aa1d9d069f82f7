import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkJson } from './check-json'

/** How deep a parsed value nests: the truth that the scan of the text has to match. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

/** How many keys and values there are in it, itself included. */
function keysOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  const names = Array.isArray(value) ? 0 : Object.keys(value).length
  return Object.values(value).reduce((sum: number, one) => sum + keysOf(one), 1 + names)
}

const trickyText = fc
  .array(fc.constantFrom('[', ']', '{', '}', '"', '\\', 'a', '1e999', 'true', '\u2028', '😀', '\n'))
  .map((parts) => parts.join(''))

const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 8, depthSize: 'medium' },
    fc.constantFrom(0, true, false, null, -1.5e3, 1e-7, 1e300),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    trickyText,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc
      .array(fc.tuple(trickyText, tie('tree')), { maxLength: 4 })
      .map((entries) => Object.fromEntries(entries)),
  ),
}))
const indent = fc.constantFrom(undefined, 1, '\t')

test('[P-9, P-20] the scan of a text finds the depth and the count that its parsed value has', () => {
  fc.assert(
    fc.property(tree, indent, (value, space) => {
      const text = JSON.stringify(value, null, space)
      const [depth, keys] = [depthOf(value), keysOf(value)]
      expect(checkJson(text, { jsonDepth: depth, jsonKeys: keys })).toBeNull()
      expect(checkJson(text, { jsonDepth: depth, jsonKeys: keys - 1 })?.limit?.actual).toBe(keys)
      if (depth > 0) {
        expect(checkJson(text, { jsonDepth: depth - 1, jsonKeys: keys })?.limit?.actual).toBe(depth)
      }
    }),
    { numRuns: 500 },
  )
})

const numberText = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.bigInt({ min: 0n, max: 10n ** 330n }),
    fc.constantFrom('', '.5', '.000'),
    fc.oneof(fc.constant(''), fc.integer({ min: -400, max: 400 }).map(String)),
    fc.constantFrom('e', 'E', 'e+'),
  )
  .map(([sign, digits, fraction, exponent, e]) => {
    const power = exponent === '' ? '' : `${exponent.startsWith('-') ? e[0] : e}${exponent}`
    return `${sign}${digits}${fraction}${power}`
  })

test('[P-20] a number is refused if, and only if, it is parsed as infinite', () => {
  fc.assert(
    fc.property(fc.array(numberText, { minLength: 1, maxLength: 4 }), (numbers) => {
      const text = `{"a":[${numbers.join(',')}]}`
      const { a } = JSON.parse(text) as { a: number[] }
      const problem = checkJson(text, { jsonDepth: 32, jsonKeys: 4096 })
      expect(problem?.code).toBe(a.every(Number.isFinite) ? undefined : 'invalid_message')
    }),
    { numRuns: 500 },
  )
})
