/*
 *   RedisStore --> RedisPort <-- RedisClient (ioredis)
 */

/** A Lua script. Create one object per script and reuse it: the client caches the hash by object. */
export interface RedisScript {
  readonly name: string
  readonly source: string
  /** Sent ahead of commands that wait: the other nodes declare a node dead whose lease comes late. @default false */
  readonly isUrgent?: boolean
}

export type RedisReply = string | number | null | readonly RedisReply[]

export interface RedisPortEvents {
  /** Commands work and every channel is subscribed again. Messages that were published meanwhile are lost. */
  onUp(): void
  /** A connection could not be made, was lost, or refuses commands. Called for each attempt. */
  onDown(error: Error): void
}

/** The Redis client as the store uses it. */
export interface RedisPort {
  /** A Cluster publishes through the shard of the channel, with `SPUBLISH`. */
  readonly isCluster: boolean
  /** Connects, and reconnects until {@link close}. Call it once. */
  open(events: RedisPortEvents): void
  /**
   * Runs a script and resolves with its reply. Waits for its turn if many commands are under way. Rejects with
   * `store_unavailable` if no reply comes in time; Redis may or may not have run the script then. Rejects with a
   * {@link ScriptRefusal} if the script itself refuses. Any other error reply ends the connection.
   */
  run(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<RedisReply>
  /** Subscribes to a channel, and again after every reconnect. Resolves once Redis confirms it. */
  subscribe(channel: string, listener: (text: string) => void): Promise<void>
  unsubscribe(channel: string): void
  /** Pings the connection. If no reply comes, it rejects and the client reconnects. */
  probe(): Promise<void>
  close(): Promise<void>
}

/** Error codes of our own scripts, and `NOSCRIPT` for a script that Redis has not cached. */
const REFUSALS = ['FENCED', 'LATE', 'NOSCRIPT'] as const

/** A script refused to run. Redis itself works. */
export class ScriptRefusal extends Error {
  override readonly name = 'ScriptRefusal'
  readonly code: (typeof REFUSALS)[number]

  constructor(message: string, code: ScriptRefusal['code']) {
    super(message)
    this.code = code
  }
}

/** The code at the start of an error reply, such as `OOM` or `NOAUTH`; null if the message is no error reply. (S-77) */
export function errorCodeIn(message: string): string | null {
  const [first = ''] = message.slice(0, MAX_CODE_LENGTH + 1).split(' ', 1)
  return first.length <= MAX_CODE_LENGTH && /^[A-Z]+$/.test(first) ? first : null
}

const MAX_CODE_LENGTH = 24

/** The error reply as a refusal of a script; null for any other error. */
export function refusalIn(message: string): ScriptRefusal | null {
  const code = REFUSALS.find((one) => message === one || message.startsWith(`${one} `))
  return code === undefined ? null : new ScriptRefusal(message, code)
}
