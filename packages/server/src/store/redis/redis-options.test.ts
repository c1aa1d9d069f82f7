import { describe, expect, test } from 'vitest'
import { readRedisUrl, safeAddress } from './redis-connection'
import { resolveRedisStoreOptions } from './redis-options'

const connection = 'redis://127.0.0.1:6379'

describe('[S-17] options of the Redis store', () => {
  test.each([
    { connection: '' },
    { connection: 'http://127.0.0.1' },
    { connection: { cluster: [] } },
    { connection: { sentinels: [{ host: 'h', port: 1 }] } },
    { connection: undefined },
    { connection, prefix: 'a{b}' },
    { connection, prefix: '' },
    { connection, leaseTtlMs: 299 },
    { connection, leaseTtlMs: Number.NaN },
    { connection, sessionTtlMs: 2 ** 31 },
    { connection, settleMs: -1 },
    { connection, commandTimeoutMs: '5' },
    { connection, leaseTTL: 9000 },
    { connection: 'redis://' },
    { connection: 'redis://h/one' },
    { connection: 'redis://h?tls=true' },
    { connection: 'redis://me:100%@h' },
    { connection: { url: 'rediss://h', ca: 'x' } },
    { connection: { url: 'rediss://h', tls: true } },
    { connection: { url: 'redis://h', tls: {} } },
    { connection: { url: 'redis://h', password: '' } },
    { connection: { host: 'h', port: 1 } },
    { connection: { cluster: [{ host: 'h' }] } },
    { connection: { cluster: ['h:1'] } },
    { connection: { cluster: [{ host: 'h', port: 1 }], sentinels: [], name: 'n' } },
    { connection: { cluster: [{ host: 'h', port: 1 }], db: 1 } },
    { connection: { sentinels: [{ host: 'h', port: 1 }], name: 'n', db: -1 } },
  ])('%j is refused', (options) => {
    expect(() => resolveRedisStoreOptions(options as never)).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    )
  })

  test('have defaults', () => {
    const { prefix, leaseTtlMs, settleMs } = resolveRedisStoreOptions({ connection, settleMs: 0 })
    expect([prefix, leaseTtlMs, settleMs]).toEqual(['rollcall', 9000, 0])
  })

  test('an error does not contain the password', () => {
    try {
      resolveRedisStoreOptions({ connection: 'reddis://me:secret@host:1' })
      expect.unreachable()
    } catch (error) {
      expect(String(error)).not.toContain('secret')
    }
  })
})

test('[S-17] every part of a URL is read', () => {
  expect(readRedisUrl('rediss://me:p%40ss@[::1]:6380/3?family=6')).toEqual({
    ...{ host: '::1', port: 6380, isTls: true, db: 3, username: 'me', password: 'p@ss', family: 6 },
  })
  expect(readRedisUrl('redis://h?db=2')).toMatchObject({ host: 'h', port: 6379, isTls: false, db: 2 })
})

describe('the address of Redis', () => {
  test.each([
    ['redis://me:secret@host:6380/2', 'host:6380'],
    ['no address', 'an invalid address'],
    [
      {
        cluster: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
        password: 'secret',
      },
      'a:1, b:2',
    ],
    [{ sentinels: [{ host: 'a', port: 1 }], name: 'n', sentinelPassword: 'secret' }, 'a:1'],
    [{ url: 'rediss://me:secret@[::1]', tls: {} }, '[::1]:6379'],
  ])('is shown without credentials', (where, address) => {
    expect(safeAddress(where)).toBe(address)
  })
})
