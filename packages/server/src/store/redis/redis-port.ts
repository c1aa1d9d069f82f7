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
  /** One of the connections is lost, or answers no more. Told once, until it is up again. */
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
   * is a {@link ScriptRefusal}.
   */
  run(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<RedisReply>
  /** Listens to a channel, and again after every reconnect. Resolves once Redis has taken it up. */
  subscribe(channel: string, listener: (text: string) => void): Promise<void>
  unsubscribe(channel: string): void
  /** Rejects where a connection that should be up does not answer; it is made anew then. */
  probe(): Promise<void>
  close(): Promise<void>
}

/** Redis ran the script, and it said no: `code` is the first word of what it said. */
export class ScriptRefusal extends Error {
  override readonly name = 'ScriptRefusal'
  readonly code: string

  constructor(message: string) {
    super(message)
    this.code = message.split(' ', 1)[0] as string
  }
}
