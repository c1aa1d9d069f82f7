import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { RedisStore } from '../store/redis/redis-store'
import { RecordingLog } from '../testing-support/recording-log'
import { addRedisFlags, type RedisFlags, storeByFlags } from './redis-flags'

/** What the flags come to, or what is said of them. */
function read(...args: string[]): RedisFlags | string {
  let said = ''
  const command = addRedisFlags(new Command('serve'))
    .exitOverride()
    .configureOutput({ writeErr: (text) => (said += text) })
  try {
    return command.parse(args, { from: 'user' }).opts<RedisFlags>()
  } catch {
    return said
  }
}

const log = new RecordingLog()
const open = (...args: string[]) => storeByFlags(read(...args) as RedisFlags, log)

test('without flags there is no store to share', () => {
  expect(open()).toBeNull()
})

describe('a store', () => {
  test.each([
    ['of a server that stands alone', ['--redis', 'redis://127.0.0.1:6379', '--redis-prefix', 'chat']],
    ['of a Cluster', ['--redis-cluster', '127.0.0.1:7000,[::1]:7001']],
    ['behind Sentinel', ['--redis-sentinels', 'one:26379,two:26379', '--redis-name', 'main']],
  ])('%s', (_which, args) => {
    // It connects with `connect`, not before.
    expect(open(...args)).toBeInstanceOf(RedisStore)
  })
})

describe('refused', () => {
  test.each([
    ['two of them', ['--redis', 'redis://a', '--redis-cluster', 'b:1'], /cannot be used with/],
    ['no address', ['--redis-cluster', 'localhost'], /host:port/],
    ['a port that is none', ['--redis-cluster', 'localhost:70000'], /host:port/],
  ])('%s', (_what, args, why) => {
    expect(read(...args)).toMatch(why)
  })

  test('Sentinels without the name of the primary', () => {
    expect(() => open('--redis-sentinels', 'one:26379')).toThrow(/--redis-name/)
  })

  test.each(['299', 'soon'])('a lease of %s ms', (lease) => {
    expect(() => open('--redis', 'redis://a', '--redis-lease-ms', lease)).toThrow(/leaseTtlMs/)
  })

  test('a URL of something else, of which nothing is quoted', () => {
    expect(() => open('--redis', 'http://user:s3cret@host')).toThrow(/redis:\/\//)
    expect(() => open('--redis', 'http://user:s3cret@host')).not.toThrow(/s3cret/)
  })
})
