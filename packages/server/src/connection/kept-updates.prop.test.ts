import { type JsonObject, mergePatch } from '@rollcall/shared-protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergePatches } from './kept-updates'

/** As a frame has it: a field called `__proto__` is a field. */
const objectOf = (value: fc.Arbitrary<unknown>) =>
  fc
    .array(fc.tuple(fc.constantFrom('a', 'b', 'c', '__proto__'), value), { maxLength: 4 })
    .map((entries) => Object.fromEntries(entries) as JsonObject)
const leaf = fc.constantFrom<unknown>(null, 0, 1, [1])
const object = objectOf(fc.oneof(leaf, objectOf(fc.oneof(leaf, objectOf(leaf)))))

/** Without the order of fields. */
const canonical = (json: unknown): unknown =>
  typeof json === 'object' && json !== null && !Array.isArray(json)
    ? Object.entries(json)
        .map(([name, inner]) => [name, canonical(inner)] as const)
        .sort(([left], [right]) => (left < right ? -1 : 1))
    : json

test('[S-36] one patch of two does what they do one after the other, whatever there was', () => {
  let merges = 0
  fc.assert(
    fc.property(object, object, object, (target, first, second) => {
      const both = mergePatches(first, second)
      if (!both) return
      merges++
      expect(canonical(mergePatch(target, both))).toEqual(
        canonical(mergePatch(mergePatch(target, first), second)),
      )
    }),
    { numRuns: 2000 },
  )
  expect(merges).toBeGreaterThan(500)
})
