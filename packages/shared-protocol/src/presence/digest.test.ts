import { describe, expect, test } from 'vitest'
import { digestOf, digestOfOne } from './digest'

describe('[P-11] a digest', () => {
  test('the digest of an empty set is 0', () => {
    expect(digestOf([])).toBe(0)
  })

  test('the digest is pinned: clients in other languages compute the same', () => {
    expect(digestOfOne('n1-0', 0)).toBe(1_681_179_445)
    expect(
      digestOf([
        { ref: 'n1-0', rev: 0 },
        { ref: 'n1-1', rev: 7 },
      ]),
    ).toBe((digestOfOne('n1-0', 0) + digestOfOne('n1-1', 7)) >>> 0)
  })

  test.each([
    ['another ref', { ref: 'b', rev: 1 }],
    ['another rev', { ref: 'a', rev: 2 }],
    ['digits that move between ref and rev', { ref: 'a:1', rev: 0 }],
  ])('differs for %s', (_what, other) => {
    expect(digestOfOne(other.ref, other.rev)).not.toBe(digestOfOne('a', 1))
  })

  test('the digest differs for every pair of neighbours in a large topic of which one left', () => {
    const digests = Array.from({ length: 20_000 }, (_, i) => digestOfOne(`n1-${i.toString(36)}`, 0))
    // 20,000 values of 32 bits: a handful of collisions is chance, more would be a weak mix.
    expect(digests.length - new Set(digests).size).toBeLessThan(5)
  })
})
