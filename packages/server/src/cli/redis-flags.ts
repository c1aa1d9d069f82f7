import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { ServerError } from '../errors'
import type { Logger } from '../log'
import type { RedisAddress, RedisConnection } from '../store/redis/redis-connection'
import { RedisStore } from '../store/redis/redis-store'

/** The flags of `rollcall serve` for Redis. {@link addRedisFlags} allows at most one kind of connection. */
export interface RedisFlags {
  readonly redis?: string
  readonly redisCluster?: readonly RedisAddress[]
  readonly redisSentinels?: readonly RedisAddress[]
  readonly redisName?: string
  readonly redisUsername?: string
  readonly redisPassword?: string
  readonly redisTls?: boolean
  /** This and the next two are paths of files. */
  readonly redisCa?: string
  readonly redisCert?: string
  readonly redisKey?: string
  readonly redisServername?: string
  readonly redisSentinelTls?: boolean
  readonly redisPrefix?: string
  readonly redisLeaseMs?: number
}

/** Adds the flags for Redis, and returns the command. */
export function addRedisFlags(command: Command): Command {
  return (
    command
      .addOption(
        // It must not have a parser: commander quotes a value that a parser refuses, and a URL may contain a password.
        new Option('--redis <url>', 'share presence through Redis: redis://… or rediss://…')
          .env('REDIS_URL')
          .conflicts(['redisCluster', 'redisSentinels']),
      )
      .addOption(
        new Option(
          '--redis-cluster <addresses>',
          'share presence through Redis Cluster: some of its nodes, as host:port,host:port',
        )
          .argParser(readAddresses)
          .conflicts('redisSentinels'),
      )
      .addOption(
        new Option(
          '--redis-sentinels <addresses>',
          'share presence through Redis behind Sentinels: host:port,host:port',
        ).argParser(readAddresses),
      )
      .option('--redis-name <name>', 'name that the Sentinels give to the primary')
      .addOption(
        new Option('--redis-username <name>', 'for Redis Cluster or a primary behind Sentinels').env(
          'REDIS_USERNAME',
        ),
      )
      .addOption(
        new Option('--redis-password <secret>', 'for Redis Cluster or a primary behind Sentinels').env(
          'REDIS_PASSWORD',
        ),
      )
      .option('--redis-tls', 'TLS to Redis Cluster or a primary behind Sentinels; in a URL, use rediss://')
      .addOption(
        new Option('--redis-ca <file>', 'certificates (PEM) of the authority to trust for TLS').env(
          'REDIS_CA',
        ),
      )
      .addOption(new Option('--redis-cert <file>', 'client certificate (PEM) for TLS').env('REDIS_CERT'))
      .addOption(new Option('--redis-key <file>', 'key (PEM) of the client certificate').env('REDIS_KEY'))
      .addOption(
        new Option('--redis-servername <name>', 'name that the certificate of Redis must have').env(
          'REDIS_SERVERNAME',
        ),
      )
      .option('--redis-sentinel-tls', 'TLS to the Sentinels as well, with the same certificates')
      .option('--redis-prefix <prefix>', 'prefix of every key in Redis; the same for all nodes')
      // Hidden, because with a short lease living nodes count as dead. Tests use it to save time.
      .addOption(new Option('--redis-lease-ms <number>').argParser(Number).hideHelp())
  )
}

/** Creates the store of the flags, or returns null without any. Throws `invalid_option` for invalid flags. */
export function storeByFlags(flags: RedisFlags, logger: Logger): RedisStore | null {
  const connection = connectionOf(flags)
  if (!connection) return null
  const { redisPrefix, redisLeaseMs } = flags
  return new RedisStore({
    connection,
    logger,
    ...(redisPrefix === undefined ? {} : { prefix: redisPrefix }),
    ...(redisLeaseMs === undefined ? {} : { leaseTtlMs: redisLeaseMs }),
  })
}

function connectionOf(flags: RedisFlags): RedisConnection | null {
  const { redis, redisCluster, redisSentinels, redisName, redisUsername, redisPassword } = flags
  const tls = tlsOf(flags)
  const ofServers = {
    ...(redisUsername === undefined ? {} : { username: redisUsername }),
    ...(redisPassword === undefined ? {} : { password: redisPassword }),
    ...(tls === null ? {} : { tls }),
  }
  if (redis !== undefined) {
    // The store refuses TLS options with a redis:// URL.
    return tls === null ? redis : { url: redis, tls }
  }
  if (redisCluster) return { cluster: redisCluster, ...ofServers }
  if (!redisSentinels) {
    if (tls === null && flags.redisSentinelTls !== true) return null
    throw new ServerError(
      'invalid_option',
      'TLS options for Redis have no effect without Redis: add --redis, --redis-cluster or --redis-sentinels.',
    )
  }
  if (redisName === undefined)
    throw new ServerError(
      'invalid_option',
      '--redis-sentinels needs --redis-name, the name that the Sentinels give to the primary.',
    )
  const sentinelTls = flags.redisSentinelTls ? { sentinelTls: tls ?? {} } : {}
  return { sentinels: redisSentinels, name: redisName, ...ofServers, ...sentinelTls }
}

/** Returns null if no flag asks for TLS. */
function tlsOf(flags: RedisFlags): ConnectionOptions | null {
  const { redisTls, redisCa, redisCert, redisKey, redisServername } = flags
  if ((redisCert === undefined) !== (redisKey === undefined)) {
    const [present, missing] =
      redisCert === undefined ? ['--redis-key', '--redis-cert'] : ['--redis-cert', '--redis-key']
    throw new ServerError(
      'invalid_option',
      `${present} needs ${missing}: a client certificate and its key belong together.`,
    )
  }
  const tls: ConnectionOptions = {
    ...(redisCa === undefined ? {} : { ca: readPem('--redis-ca', redisCa) }),
    ...(redisCert === undefined ? {} : { cert: readPem('--redis-cert', redisCert) }),
    ...(redisKey === undefined ? {} : { key: readPem('--redis-key', redisKey) }),
    ...(redisServername === undefined ? {} : { servername: redisServername }),
  }
  return redisTls || Object.keys(tls).length > 0 ? tls : null
}

function readPem(flag: string, file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ServerError('invalid_option', `${flag} cannot be read: ${why}.`, { cause })
  }
  if (text.includes('-----BEGIN ')) return text
  throw new ServerError(
    'invalid_option',
    `${flag}: ${file} is not PEM; it must have a line -----BEGIN …-----.`,
  )
}

function readAddresses(text: string): RedisAddress[] {
  return text.split(',').map((address) => {
    const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(address.trim())
    const [, ipv6, name, port] = match ?? []
    const host = ipv6 ?? name
    if (host === undefined || Number(port) > 65_535 || Number(port) === 0)
      throw new InvalidArgumentError('It must be host:port,host:port.')
    return { host, port: Number(port) }
  })
}
