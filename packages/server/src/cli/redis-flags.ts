import { type Command, InvalidArgumentError, Option } from 'commander'
import { ServerError } from '../errors'
import type { Logger } from '../log'
import type { RedisAddress, RedisConnection } from '../store/redis/redis-connection'
import { RedisStore } from '../store/redis/redis-store'

/** What `rollcall serve` is told of Redis; {@link addRedisFlags} sees to it that one kind of it is given at most. */
export interface RedisFlags {
  readonly redis?: string
  readonly redisCluster?: readonly RedisAddress[]
  readonly redisSentinels?: readonly RedisAddress[]
  readonly redisName?: string
  readonly redisUsername?: string
  readonly redisPassword?: string
  readonly redisPrefix?: string
  readonly redisLeaseMs?: number
}

/** Adds the flags that make several servers one, and returns the command. */
export function addRedisFlags(command: Command): Command {
  return (
    command
      .addOption(
        // Never with a parser of its own: commander quotes what it refuses, and there may be a password in it.
        new Option('--redis <url>', 'share presence over a Redis: redis://… or rediss://…')
          .env('REDIS_URL')
          .conflicts(['redisCluster', 'redisSentinels']),
      )
      .addOption(
        new Option(
          '--redis-cluster <addresses>',
          'the same over a Cluster: host:port of some, with commas between',
        )
          .argParser(readAddresses)
          .conflicts('redisSentinels'),
      )
      .addOption(
        new Option(
          '--redis-sentinels <addresses>',
          'the same by way of Sentinels: host:port, with commas between',
        ).argParser(readAddresses),
      )
      .option('--redis-name <name>', "the Sentinels' name of the primary")
      .addOption(new Option('--redis-username <name>', 'for a Cluster or a primary').env('REDIS_USERNAME'))
      .addOption(new Option('--redis-password <secret>', 'for a Cluster or a primary').env('REDIS_PASSWORD'))
      .option('--redis-prefix <prefix>', 'what every key begins with; the same for all nodes')
      // Not in the help: too short a lease takes living nodes for dead. It is for tests that cannot wait.
      .addOption(new Option('--redis-lease-ms <number>').argParser(Number).hideHelp())
  )
}

/** The store that the flags ask for; null where they ask for none. Throws `invalid_option`. */
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
  const credentials = {
    ...(redisUsername === undefined ? {} : { username: redisUsername }),
    ...(redisPassword === undefined ? {} : { password: redisPassword }),
  }
  if (redisCluster) return { cluster: redisCluster, ...credentials }
  if (!redisSentinels) return redis ?? null
  if (redisName === undefined)
    throw new ServerError(
      'invalid_option',
      '--redis-sentinels needs --redis-name, their name of the primary.',
    )
  return { sentinels: redisSentinels, name: redisName, ...credentials }
}

function readAddresses(text: string): RedisAddress[] {
  return text.split(',').map((address) => {
    const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(address.trim())
    const [, ipv6, name, port] = match ?? []
    const host = ipv6 ?? name
    if (host === undefined || Number(port) > 65_535)
      throw new InvalidArgumentError('It must be host:port,host:port.')
    return { host, port: Number(port) }
  })
}
