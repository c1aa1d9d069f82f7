/*
 *   RedisStore --> RedisPort <-- io/redis-client.ts (ioredis)
 *
 * All that the store asks of a Redis client: scripts, channels, and to be told when it is cut off.
 */

/** A Lua script. One object for each, made once: what was loaded is known by it. */
export interface RedisScript {
  readonly name: string
  readonly source: string
  /** Goes before others that wait, for a node whose lease is late is taken for dead. @default false */
  readonly isUrgent?: boolean
}

/** What a reply of a script is made of. */
export type RedisReply = string | number | null | readonly RedisReply[]

export interface RedisPortEvents {
  /** Commands are taken, and every channel is listened to (again): what was said meanwhile is lost. */
  onUp(): void
  /** A connection could not be made, was lost, or does not serve, and why. Told for each try. */
  onDown(error: Error): void
}

export interface RedisPort {
  /** In a Cluster what is published goes through the shard of its channel. */
  readonly isCluster: boolean
  /** Begins to connect, and goes on until {@link close}. To be called once. */
  open(events: RedisPortEvents): void
  /**
   * Runs a script and resolves with its reply. Rejects with `store_unavailable` where there is no answer in time; then
   * nobody knows whether it was run. Where many are under way it waits for its turn first. What the script itself refuses
   * is a {@link ScriptRefusal}; any other error reply ends the connection, since Redis does not serve.
   */
  run(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<RedisReply>
  /** Listens to a channel, and again after every reconnect. Resolves once Redis has taken it up. */
  subscribe(channel: string, listener: (text: string) => void): Promise<void>
  unsubscribe(channel: string): void
  /** Rejects where a connection that should be up does not answer; it is made anew then. */
  probe(): Promise<void>
  close(): Promise<void>
}

/** What our own scripts answer in place of doing what they were asked for; and Redis, where it does not know one. */
const REFUSALS = ['FENCED', 'LATE', 'NOSCRIPT'] as const

/** The script said no, and Redis is well: `code` says why. */
export class ScriptRefusal extends Error {
  override readonly name = 'ScriptRefusal'
  readonly code: (typeof REFUSALS)[number]

  constructor(message: string, code: ScriptRefusal['code']) {
    super(message)
    this.code = code
  }
}

/** The code that Redis begins an error reply with, such as `OOM` or `NOAUTH`; null for what is no error reply. (S-77) */
export function errorCodeIn(message: string): string | null {
  const [first = ''] = message.slice(0, MAX_CODE_LENGTH + 1).split(' ', 1)
  return first.length <= MAX_CODE_LENGTH && /^[A-Z]+$/.test(first) ? first : null
}

const MAX_CODE_LENGTH = 24

/** The refusal that an error reply is; null where it is any other error, and Redis does not serve. */
export function refusalIn(message: string): ScriptRefusal | null {
  const code = REFUSALS.find((one) => message === one || message.startsWith(`${one} `))
  return code === undefined ? null : new ScriptRefusal(message, code)
}
