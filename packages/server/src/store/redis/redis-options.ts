import { ServerError } from '../../errors'
import { type Clock, LONGEST_DELAY_MS, systemClock } from '../../io/clock'
import { type RandomSource, systemRandom } from '../../io/random'
import { defaultLogger, type Logger } from '../../log'
import type { RedisConnection } from './redis-connection'

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

/** Throws `invalid_option` for what could never work. */
export function resolveRedisStoreOptions(given: RedisStoreOptions): ResolvedRedisStoreOptions {
  const options: ResolvedRedisStoreOptions = {
    ...DEFAULT_REDIS_STORE_OPTIONS,
    logger: given.logger ?? defaultLogger(),
    clock: systemClock,
    random: systemRandom,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    connection: given.connection,
  }
  checkConnection(options.connection)
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

/** Says nothing of what a URL holds beside its kind: there may be a password in it. */
function checkConnection(connection: unknown): void {
  const refuse = (what: string) => {
    const takes = 'it takes a URL (redis:// or rediss://), {sentinels, name} or {cluster}'
    throw new ServerError('invalid_option', `connection ${what}; ${takes}.`)
  }
  if (typeof connection === 'string') {
    if (!/^rediss?:\/\//.test(connection) || !URL.canParse(connection)) refuse('is no URL of Redis')
    return
  }
  if (typeof connection !== 'object' || connection === null) return refuse('is missing')
  const { sentinels, name, cluster } = connection as Record<string, unknown>
  const some = cluster ?? sentinels
  if (!Array.isArray(some) || some.length === 0) return refuse('names no server')
  if (cluster === undefined && typeof name !== 'string') refuse('has no name for Sentinel')
}
