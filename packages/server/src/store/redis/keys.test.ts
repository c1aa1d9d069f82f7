import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { escapeName, Keys, unescapeName } from './keys'

/** The slot of a key in a Cluster: CRC16 (XMODEM) of what stands in its first braces, or of all of it. */
function slotOf(key: string): number {
  const open = key.indexOf('{')
  const close = key.indexOf('}', open + 1)
  const tag = open >= 0 && close > open + 1 ? key.slice(open + 1, close) : key
  let crc = 0
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff
  }
  return crc % 16_384
}

const keys = new Keys('rollcall')
const anyName = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('{', '}', '%', 'a', '\ud83d', '\ude00') }),
)

describe('[S-10] keys', () => {
  test('the test computes slots as Redis does', () => {
    // From the Cluster specification of Redis: CRC16 of "123456789" is 0x31C3.
    expect(slotOf('123456789')).toBe(0x31c3 % 16_384)
    expect(slotOf('{user1000}.following')).toBe(slotOf('user1000'))
  })

  test('of one topic share their slot, with any name', () => {
    fc.assert(
      fc.property(anyName, (topic) => {
        const slots = keys.topic(topic).map(slotOf)
        expect(new Set(slots).size).toBe(1)
        expect(slots[0]).toBe(slotOf(`t:${escapeName(topic)}`))
      }),
    )
  })

  test('of two topics differ, and a name can be restored', () => {
    fc.assert(
      fc.property(anyName, anyName, (one, other) => {
        expect(unescapeName(escapeName(one))).toBe(one)
        const bytes = [one, other].map((topic) => Buffer.from(keys.topic(topic)[0]).toString('hex'))
        expect(bytes[0] === bytes[1]).toBe(one === other)
      }),
    )
  })

  test.each(['', '{', '}', '{}', '%', '__proto__', 'a{b}c'])(
    'of the topic %j differ among themselves',
    (topic) => {
      expect(new Set(keys.topic(topic)).size).toBe(7)
    },
  )

  test('match the list in docs/reference/redis.md, and channels name their database', () => {
    const base = 'rollcall:{t:room:a}'
    expect(keys.topic('room:a')).toEqual(
      [':p', ':o', ':s', ':x', ':g', ':c', ':w'].map((end) => `${base}${end}`),
    )
    expect(keys.nodes).toEqual(['rollcall:{nodes}:l', 'rollcall:{nodes}:d', 'rollcall:{nodes}:r'])
    expect([keys.nodeTopics('n1'), keys.nodeChannel('n1')]).toEqual([
      'rollcall:{n:n1}:t',
      'rollcall:{n:n1}:c',
    ])
    expect(keys.session('a}b')).toBe('rollcall:{s:a%007db}')
    const inThird = new Keys('rollcall', 3)
    expect(inThird.topic('room:a').map((key) => key.replace('@3', ''))).toEqual([...keys.topic('room:a')])
    expect(inThird.topic('room:a')[5]).toBe('rollcall@3:{t:room:a}:c')
    expect(inThird.nodeChannel('n1')).toBe('rollcall@3:{n:n1}:c')
    expect(inThird.nodeTopics('n1')).toBe('rollcall:{n:n1}:t')
  })

  test('of nodes share their slot', () => {
    expect(new Set(keys.nodes.map(slotOf)).size).toBe(1)
    expect(slotOf(keys.nodeTopics('n1'))).toBe(slotOf(keys.nodeChannel('n1')))
  })
})
