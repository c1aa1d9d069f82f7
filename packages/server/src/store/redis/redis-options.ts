import { checkOptions, type OptionsOf } from '../../check-options'
import { ServerError } from '../../errors'
import { type Clock, LONGEST_DELAY_MS, systemClock } from '../../io/clock'
import { type RandomSource, systemRandom } from '../../io/random'
import { defaultLogger, type Logger } from '../../log'
import { problemOfConnection, type RedisConnection } from './redis-connection'

/** How a node reaches its Redis, and how long things may take. All nodes of one system need the same `prefix`. */
export interface RedisStoreOptions {
  /** Where Redis is: a URL, `{sentinels, name}`, or `{cluster}`. */
  readonly connection: RedisConnection
  /** What every key and channel begins with. Letters, digits and `_ - . :`. @default 'rollcall' */
  readonly prefix?: string
  /**
   * Milliseconds after which a node that says nothing is dead, and its presences leave with `node_lost`. It says something
   * three times as often. At least 300. @default 9000
   */
  readonly leaseTtlMs?: number
  /** Milliseconds that a session is kept without a word from the node that holds it. At least 10,000. @default 600000 */
  readonly sessionTtlMs?: number
  /** Milliseconds of silence of Redis past which the connection counts as lost. @default 2000 */
  readonly commandTimeoutMs?: number
  /**
   * Milliseconds for a connection to be made, with all channels; past it another is tried. Less than `settleMs`, or a node
   * whose try hangs comes back too late. @default 2000
   */
  readonly connectTimeoutMs?: number
  /**
   * Milliseconds that nodes are given to say again what they hold, after Redis has lost its data, before anybody is told as
   * gone. @default 4000
   */
  readonly settleMs?: number
  /** @default warnings and errors, to standard error */
  readonly logger?: Logger
  /** Time, for tests. @default the system's */
  readonly clock?: Clock
  /** Chance, for tests. @default the system's */
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

/** Of those that take anything, the value is checked below, with its range. */
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

/** Throws `invalid_option` for names that are not known, and for what could never work. */
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
    const message = `prefix is ${JSON.stringify(options.prefix)}; it takes letters, digits and _ - . : only.`
    throw new ServerError('invalid_option', message)
  }
  for (const [name, least] of Object.entries(LEAST) as [keyof typeof LEAST, number][]) {
    const value: unknown = options[name]
    if (typeof value !== 'number' || !(value >= least && value <= LONGEST_DELAY_MS)) {
      const message = `${name} is ${String(value)}; it takes milliseconds from ${least} to ${LONGEST_DELAY_MS}.`
      throw new ServerError('invalid_option', message)
    }
  }
  return options
}
