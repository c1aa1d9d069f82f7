import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../testing-support/seeded-random'
import { deflateMessage, inflateMessage } from './permessage-deflate'

const random = new SeededRandom(1)
const lines = Buffer.from(
  JSON.stringify(Array.from({ length: 500 }, () => ({ key: `user-${random.id(4)}` }))),
)

describe('a message', () => {
  test.each([Buffer.alloc(0), Buffer.from('x'), lines])('comes out as it went in: %#', (payload) => {
    for (const level of [1, 6, 9]) {
      expect(inflateMessage(deflateMessage(payload, level), lines.length)).toEqual(payload)
    }
  })

  test('is smaller for a higher level, and without its tail', () => {
    const [fast, small] = [deflateMessage(lines, 1), deflateMessage(lines, 9)]
    expect(small.length).toBeLessThan(fast.length)
    expect(fast.length).toBeLessThan(lines.length / 2)
    expect(small.subarray(-4)).not.toEqual(Buffer.from([0, 0, 0xff, 0xff]))
  })

  test('stands for itself: the same bytes whatever was compressed before', () => {
    const first = deflateMessage(lines, 6)
    deflateMessage(Buffer.from('something else'), 6)
    expect(deflateMessage(lines, 6)).toEqual(first)
  })
})

describe('[S-9] inflating', () => {
  const bomb = deflateMessage(Buffer.alloc(50_000_000), 9)

  test('stops at the limit: of a bomb nothing is kept', () => {
    expect(bomb.length).toBeLessThan(60_000)
    // By its length: a failure that printed 50 MB would take minutes.
    expect(inflateMessage(bomb, 100_000)?.length).toBeUndefined()
  })

  test('takes as many bytes as the limit, and not one more', () => {
    const exact = deflateMessage(Buffer.alloc(1000, 'x'), 6)
    expect(inflateMessage(exact, 1000)).toHaveLength(1000)
    expect(inflateMessage(exact, 999)).toBeNull()
  })

  test('throws where the bytes are not deflated', () => {
    expect(() => inflateMessage(Buffer.alloc(20, 0xff), 1000)).toThrow()
  })
})
