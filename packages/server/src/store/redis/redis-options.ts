import { checkOptions, type OptionsOf } from '../../check-options'
import { ServerError } from '../../errors'
import { type Clock, LONGEST_DELAY_MS, systemClock } from '../../io/clock'
import { type RandomSource, systemRandom } from '../../io/random'
import { defaultLogger, type Logger } from '../../log'
import { problemOfConnection, type RedisConnection } from './redis-connection'

/** Options of a Redis store. All nodes of one system need the same `prefix`. */
export interface RedisStoreOptions {
  /** Where Redis is: a URL, `{sentinels, name}`, or `{cluster}`. */
  readonly connection: RedisConnection
  /** Prefix of every key and channel: letters, digits and `_ - . :`. @default 'rollcall' */
  readonly prefix?: string
  /**
   * Milliseconds after which a silent node counts as dead and its presences leave with `node_lost`. A node renews its lease
   * three times in that time. At least 300. @default 9000
   */
  readonly leaseTtlMs?: number
  /** Milliseconds that Redis keeps a session which its node no longer saves. At least 10,000. @default 600000 */
  readonly sessionTtlMs?: number
  /** Milliseconds of silence after which the connection to Redis counts as lost. @default 2000 */
  readonly commandTimeoutMs?: number
  /**
   * Milliseconds to connect and subscribe to all channels before the next attempt. Keep it below `settleMs`, or a node
   * whose attempt hangs comes back too late. @default 2000
   */
  readonly connectTimeoutMs?: number
  /**
   * Milliseconds that nodes have to assert their presences again after Redis has lost its data. Presences that are still
   * missing then leave. @default 4000
   */
  readonly settleMs?: number
  /** @default writes warnings and errors to standard error */
  readonly logger?: Logger
  /** Replaces the system's clock in tests. @default the system's clock */
  readonly clock?: Clock
  /** Replaces the system's random source in tests. @default the system's random source */
  readonly random?: RandomSource
}

export type ResolvedRedisStoreOptions = Required<RedisStoreOptions>

export const DEFAULT_REDIS_STORE_OPTIONS = {
  prefix: 'rollcall',
  leaseTtlMs: 9000,
  sessionTtlMs: 600_000,
  commandTimeoutMs: 2000,
  connectTimeoutMs: 2000,
  settleMs: 4000,
} as const

const LEAST = {
  leaseTtlMs: 300,
  sessionTtlMs: 10_000,
  commandTimeoutMs: 10,
  connectTimeoutMs: 10,
  settleMs: 0,
} as const

/** The resolver below checks the options marked `anything`, with their ranges. */
const REDIS_OPTION_TYPES: OptionsOf<RedisStoreOptions> = {
  connection: 'anything',
  prefix: 'anything',
  leaseTtlMs: 'anything',
  sessionTtlMs: 'anything',
  commandTimeoutMs: 'anything',
  connectTimeoutMs: 'anything',
  settleMs: 'anything',
  logger: 'object',
  clock: 'object',
  random: 'object',
}

/** Throws `invalid_option` for unknown names and for values that cannot work. */
export function resolveRedisStoreOptions(given: RedisStoreOptions): ResolvedRedisStoreOptions {
  checkOptions('RedisStore: ', given, REDIS_OPTION_TYPES)
  const options: ResolvedRedisStoreOptions = {
    ...DEFAULT_REDIS_STORE_OPTIONS,
    logger: given.logger ?? defaultLogger(),
    clock: systemClock,
    random: systemRandom,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    connection: given.connection,
  }
  const problem = problemOfConnection(options.connection)
  if (problem !== null) throw new ServerError('invalid_option', problem)
  if (!/^[\w.:-]+$/.test(options.prefix)) {
    const message = `prefix is ${JSON.stringify(options.prefix)}; use letters, digits and _ - . : only.`
    throw new ServerError('invalid_option', message)
  }
  for (const [name, least] of Object.entries(LEAST) as [keyof typeof LEAST, number][]) {
    const value: unknown = options[name]
    if (typeof value !== 'number' || !(value >= least && value <= LONGEST_DELAY_MS)) {
      const message = `${name} is ${String(value)}; use milliseconds from ${least} to ${LONGEST_DELAY_MS}.`
      throw new ServerError('invalid_option', message)
    }
  }
  return options
}
