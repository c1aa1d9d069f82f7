import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, describe, expect, test } from 'vitest'
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

const folder = mkdtempSync(join(tmpdir(), 'rollcall-pem-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
/** A file that looks like PEM: it is read, and used only when a connection is made. */
const pem = join(folder, 'one.pem')
writeFileSync(pem, '-----BEGIN CERTIFICATE-----\n')

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

  test.each([
    [
      'a certificate without its key',
      ['--redis', 'rediss://a', '--redis-cert', pem],
      /--redis-cert needs --redis-key/,
    ],
    [
      'a key without its certificate',
      ['--redis', 'rediss://a', '--redis-key', pem],
      /--redis-key needs --redis-cert/,
    ],
    [
      'an authority that is not there',
      ['--redis', 'rediss://a', '--redis-ca', '/no/such'],
      /--redis-ca cannot be read/,
    ],
    ['an authority that is no PEM', ['--redis', 'rediss://a', '--redis-ca', 'package.json'], /is not PEM/],
    ['TLS beside a URL of plain text', ['--redis', 'redis://a', '--redis-tls'], /use rediss:\/\//],
    ['TLS without a Redis', ['--redis-ca', pem], /add --redis/],
  ])('%s', (_what, args, why) => {
    expect(() => open(...args)).toThrow(why)
  })
})

test.each([
  ['a URL', ['--redis', 'rediss://a']],
  ['a Cluster', ['--redis-cluster', 'a:1']],
  ['Sentinels', ['--redis-sentinels', 'a:1', '--redis-name', 'main', '--redis-sentinel-tls']],
])('[S-55] TLS flags are taken beside %s', (_which, args) => {
  const tls = [
    '--redis-tls',
    '--redis-ca',
    pem,
    '--redis-cert',
    pem,
    '--redis-key',
    pem,
    '--redis-servername',
    'r',
  ]
  expect(open(...args, ...tls)).toBeInstanceOf(RedisStore)
})
