import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isNestedDeeperThan } from './json'

/** How deep a parsed value nests: the truth that the scan of the text has to match. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

const trickyText = fc
  .array(fc.constantFrom('[', ']', '{', '}', '"', '\\', 'a', '\u2028', '😀', '\n'))
  .map((parts) => parts.join(''))

const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 8, depthSize: 'medium' },
    fc.constantFrom(0, true, null, -1.5e3),
    trickyText,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc
      .array(fc.tuple(trickyText, tie('tree')), { maxLength: 4 })
      .map((entries) => Object.fromEntries(entries)),
  ),
}))

test('[P-9] the scan of a text finds the depth that its parsed value has', () => {
  fc.assert(
    fc.property(
      tree,
      fc.constantFrom(undefined, 1, '\t'),
      fc.integer({ min: 0, max: 10 }),
      (value, indent, max) => {
        const text = JSON.stringify(value, null, indent)
        expect(isNestedDeeperThan(text, max)).toBe(depthOf(value) > max)
      },
    ),
    { numRuns: 500 },
  )
})
