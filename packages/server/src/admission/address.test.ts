import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressGroup, plainAddress } from './address'

describe('a plain address', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7:51234', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
    ['[::ffff:192.0.2.7]:443', '192.0.2.7'],
    ['2001:DB8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::1', '::1'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['0::ffff:10.1.2.3', '10.1.2.3'],
    ['[10.1.2.3]:443', '10.1.2.3'],
    ['1::ffff:10.1.2.3', '1::ffff:10.1.2.3'],
    ['0:0:0:0:1:ffff:a01:203', '0:0:0:0:1:ffff:a01:203'],
    ['::fffe:10.1.2.3', '::fffe:10.1.2.3'],
  ])('of %s is %s', (text, plain) => {
    expect(plainAddress(text)).toBe(plain)
  })

  test.each([
    '',
    'unknown',
    '_hidden',
    '1.2.3',
    '1.2.3.4.5',
    '__proto__',
    ':::',
    '2001:db8::1:443:x',
    ' 1.2.3.4',
    'x[1.2.3.4]',
    '[1.2.3.4]x',
    '[1.2.3.4]:443x',
    '1.2.3.4:80x',
    'x1.2.3.4:80',
  ])('of %j, which is none, is empty', (text) => {
    expect(plainAddress(text)).toBe('')
    expect(addressGroup(text)).toBe('')
  })
})

describe('[S-35] who counts as one peer', () => {
  test.each([
    ['192.0.2.7', '192.0.2.8', false],
    ['192.0.2.7', '::ffff:192.0.2.7', true],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['2001:db8::1', '2001:db8:0:0:9::', true],
    ['2001:0db8:0001:0002::1', '2001:db8:1:2::2', true],
    ['::1', '::2', true],
    ['1::ffff:10.1.2.3', '10.1.2.3', false],
    ['64:ff9b::10.1.2.3', '64:ff9b::', true],
    ['10.1.2.3', '::a01:203', false],
  ])('%s and %s: %j', (left, right, isOne) => {
    expect(addressGroup(left) === addressGroup(right)).toBe(isOne)
  })

  test('of any two addresses of IPv6: the first 64 bits decide', () => {
    const group = fc.integer({ min: 0, max: 0xffff })
    const half = fc.tuple(group, group, group, group)
    fc.assert(
      fc.property(half, half, half, (network, one, other) => {
        const text = (host: readonly number[]) => [...network, ...host].map((n) => n.toString(16)).join(':')
        fc.pre(!text(one).startsWith('0:0:0:0:0:ffff') && !text(other).startsWith('0:0:0:0:0:ffff'))
        expect(addressGroup(text(one))).toBe(addressGroup(text(other)))
        expect(addressGroup(text(one))).toBe(`${network.map((n) => n.toString(16)).join(':')}::/64`)
      }),
    )
  })
})
