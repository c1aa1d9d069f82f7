import type { RedisPort, RedisPortEvents, RedisReply, RedisScript } from '../store/redis/redis-port'

/** A Redis of one node that replies to scripts as the test sets it, and delivers messages when the test says so. */
export class ScriptedRedis implements RedisPort {
  readonly isCluster = false
  /** The names of the scripts that ran. */
  readonly ran: string[] = []
  /** Replies by the name of the script. */
  readonly replies: Record<string, RedisReply> = {
    renew: 1,
    snapshot: ['e', '5', '50', [], [], []],
    assert: ['e', '5', '50', [], [], [], [], ''],
    'session-save': 1,
  }
  readonly #listeners = new Map<string, (text: string) => void>()

  get channels(): string[] {
    return [...this.#listeners.keys()]
  }

  open(events: RedisPortEvents): void {
    events.onUp()
  }

  async run({ name }: RedisScript): Promise<RedisReply> {
    this.ran.push(name)
    return this.replies[name] ?? null
  }

  async subscribe(channel: string, listener: (text: string) => void): Promise<void> {
    this.#listeners.set(channel, listener)
  }

  unsubscribe(channel: string): void {
    this.#listeners.delete(channel)
  }

  async probe(): Promise<void> {}

  async close(): Promise<void> {}

  /** Delivers a message to the channel that contains `part`. */
  deliver(part: string, text: string): void {
    const channel = this.channels.find((one) => one.includes(part))
    if (channel === undefined) throw new Error(`no channel has ${part}`)
    this.#listeners.get(channel)?.(text)
  }
}
