import fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestOf, digestOfOne } from './digest'

const entry = fc.record({ ref: fc.stringMatching(/^[a-z0-9-]{1,12}$/), rev: fc.nat() })
const entries = fc.uniqueArray(entry, { selector: ({ ref }) => ref })

test('[P-11] a digest does not depend on the order, and is an unsigned 32-bit number', () => {
  const shuffled = entries.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
  )
  fc.assert(
    fc.property(shuffled, ([all, again]) => {
      const digest = digestOf(all)
      expect(digestOf(again)).toBe(digest)
      expect(digest).toBe(digest >>> 0)
    }),
  )
})

test('[P-11] a digest follows a change by one subtraction and one addition', () => {
  fc.assert(
    fc.property(entries, entry, fc.nat(), (all, one, rev) => {
      const others = all.filter(({ ref }) => ref !== one.ref)
      const moved = digestOf([...others, one]) - digestOfOne(one.ref, one.rev) + digestOfOne(one.ref, rev)
      expect(moved >>> 0).toBe(digestOf([...others, { ref: one.ref, rev }]))
    }),
  )
})
