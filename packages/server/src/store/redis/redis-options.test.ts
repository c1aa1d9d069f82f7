import { describe, expect, test } from 'vitest'
import { safeAddress } from './redis-connection'
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
  ])('%j is refused', (options) => {
    expect(() => resolveRedisStoreOptions(options as never)).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    )
  })

  test('that are left out have their defaults', () => {
    const { prefix, leaseTtlMs, settleMs } = resolveRedisStoreOptions({ connection, settleMs: 0 })
    expect([prefix, leaseTtlMs, settleMs]).toEqual(['rollcall', 9000, 0])
  })

  test('a refusal does not say the password', () => {
    try {
      resolveRedisStoreOptions({ connection: 'reddis://me:secret@host:1' })
      expect.unreachable()
    } catch (error) {
      expect(String(error)).not.toContain('secret')
    }
  })
})

describe('where Redis is', () => {
  test.each([
    ['redis://me:secret@host:6380/2', 'host:6380'],
    ['no address', 'an address that cannot be read'],
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
  ])('is told without what opens it', (where, address) => {
    expect(safeAddress(where)).toBe(address)
  })
})
