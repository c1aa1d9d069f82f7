import { createHash } from 'node:crypto'
import { ConcurrencyLimit } from '../../async/concurrency-limit'
import { REDIS_CONNECT, retryDelay } from '../../async/retry'
import { ServerError } from '../../errors'
import type { Clock, Timer } from '../../io/clock'
import type { RandomSource } from '../../io/random'
import { createIoredis, type IoredisClient } from './ioredis-client'
import { type RedisConnection, safeAddress } from './redis-connection'
import {
  type RedisPort,
  type RedisPortEvents,
  type RedisReply,
  type RedisScript,
  refusalIn,
  ScriptRefusal,
} from './redis-port'
import { watchForReply } from './reply-watch'

/*
 *            open                 both ready, all channels subscribed
 *   idle ----------> connecting ------------------------------------> up
 *                      ^    |                                          |
 *            backoff   |    | error, timeout                           | error, close, no reply in time
 *                      |    v                                          |
 *                    resting <-----------------------------------------+
 *
 * When either connection of a pair fails, the client discards both and opens another pair. Late replies of an old pair
 * cannot interfere then, and one way of reconnecting serves single servers, Sentinel and Clusters.
 */

export interface RedisClientOptions {
  readonly connection: RedisConnection
  readonly clock: Clock
  readonly random: RandomSource
  /** Milliseconds of silence after which a command fails. */
  readonly commandTimeoutMs: number
  /** Milliseconds to connect and subscribe to all channels. */
  readonly connectTimeoutMs: number
}

/**
 * Milliseconds that a connection has to work before the backoff starts again from its minimum. Otherwise a Redis that
 * accepts connections and refuses every command would get attempts without a pause.
 */
const PROVED_MS = 5000
/** Commands in flight. Others wait, so that a lease renewal can overtake them; their timeout starts when they are sent. */
const MAX_COMMANDS = 256
/** Channels per SUBSCRIBE command. */
const CHANNELS_PER_COMMAND = 256

/** One connection for commands and one for channels. In a Cluster both are the same client. */
interface ConnectionPair {
  readonly commands: IoredisClient
  readonly subscriber: IoredisClient
  isUp: boolean
  upSinceMs: number
  /** When the latest reply came on each connection. */
  readonly lastReplyMs: Record<Side, number>
}

type Side = 'commands' | 'subscriber'

/** The connection to Redis, through ioredis. */
export class RedisClient implements RedisPort {
  readonly isCluster: boolean
  readonly #options: RedisClientOptions
  readonly #listeners = new Map<string, (text: string) => void>()
  readonly #hashes = new Map<RedisScript, string>()
  readonly #limit = new ConcurrencyLimit(MAX_COMMANDS)
  #events: RedisPortEvents | null = null
  #pair: ConnectionPair | null = null
  #timer: Timer | null = null
  #failures = 0
  #isClosed = false

  constructor(options: RedisClientOptions) {
    this.#options = options
    this.isCluster = typeof options.connection !== 'string' && 'cluster' in options.connection
  }

  open(events: RedisPortEvents): void {
    this.#events = events
    this.#connect()
  }

  run(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<RedisReply> {
    return script.isUrgent
      ? this.#run(script, keys, args)
      : this.#limit.run(() => this.#run(script, keys, args))
  }

  async subscribe(channel: string, listener: (text: string) => void): Promise<void> {
    this.#listeners.set(channel, listener)
    await this.#limit.run(async () => {
      // The caller may have unsubscribed while the command waited.
      if (this.#listeners.get(channel) === listener)
        await this.#send('subscriber', (pair) => this.#subscribeTo(pair, [channel]))
    })
  }

  unsubscribe(channel: string): void {
    this.#listeners.delete(channel)
    const pair = this.#pair
    if (!pair?.isUp) return
    const { subscriber } = pair
    const done = this.isCluster ? subscriber.sunsubscribe(channel) : subscriber.unsubscribe(channel)
    // A failure does no harm: late messages find no listener, and other commands notice a lost connection.
    done.catch(() => {})
  }

  async probe(): Promise<void> {
    // A Cluster's client checks its subscribers by itself.
    if (!this.isCluster) await this.#send('subscriber', (pair) => pair.subscriber.ping())
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#discard()
    this.#listeners.clear()
  }

  // --- connections ---------------------------------------------------------------------------------------------

  #connect(): void {
    const pair = this.#createPair()
    this.#pair = pair
    const { connectTimeoutMs, clock } = this.#options
    this.#timer = clock.after(connectTimeoutMs, () =>
      this.#fail(pair, new Error(`no connection within ${connectTimeoutMs} ms`)),
    )
    this.#bringUp(pair).catch((error: Error) => this.#fail(pair, error))
  }

  async #bringUp(pair: ConnectionPair): Promise<void> {
    const clients = new Set([pair.commands, pair.subscriber])
    await Promise.all([...clients].map((client) => client.connect()))
    if (pair !== this.#pair) return
    const subscribed = new Set<string>()
    // The next round covers channels that were added meanwhile.
    for (;;) {
      const channels = [...this.#listeners.keys()].filter((channel) => !subscribed.has(channel))
      if (channels.length === 0) break
      for (const channel of channels) subscribed.add(channel)
      await this.#subscribeTo(pair, channels)
      if (pair !== this.#pair) return
    }
    this.#timer?.cancel()
    pair.isUp = true
    pair.upSinceMs = this.#options.clock.now()
    // Unsubscribe channels whose last listener left while we connected.
    for (const channel of subscribed) if (!this.#listeners.has(channel)) this.unsubscribe(channel)
    this.#events?.onUp()
  }

  async #subscribeTo({ subscriber }: ConnectionPair, channels: readonly string[]): Promise<void> {
    for (let from = 0; from < channels.length; from += CHANNELS_PER_COMMAND) {
      const batch = channels.slice(from, from + CHANNELS_PER_COMMAND)
      // In a Cluster, all channels of one command have to share a slot, and topics do not.
      if (this.isCluster) await Promise.all(batch.map((channel) => subscriber.ssubscribe(channel)))
      else await subscriber.subscribe(...batch)
    }
  }

  #fail(pair: ConnectionPair, error: Error): void {
    if (pair !== this.#pair || this.#isClosed) return
    const { clock, random } = this.#options
    this.#timer?.cancel()
    this.#discard()
    const delayMs = retryDelay(++this.#failures, REDIS_CONNECT)
    // Between half the delay and all of it, so that not all nodes reconnect at the same moment.
    const jitter = (Number.parseInt(random.id(4), 36) % 1000) / 1000
    this.#timer = clock.after(delayMs * (0.5 + jitter / 2), () => this.#connect())
    this.#events?.onDown(plainError(error))
  }

  #discard(): void {
    const pair = this.#pair
    this.#pair = null
    if (!pair) return
    pair.commands.disconnect()
    pair.subscriber.disconnect()
  }

  #createPair(): ConnectionPair {
    const commands = this.#createClient()
    const pair: ConnectionPair = {
      commands,
      subscriber: this.isCluster ? commands : this.#createClient(),
      isUp: false,
      upSinceMs: 0,
      lastReplyMs: { commands: 0, subscriber: 0 },
    }
    for (const client of new Set([pair.commands, pair.subscriber])) {
      // Without a listener, ioredis would write the error to the console.
      client.on('error', (error: Error) => this.#fail(pair, error))
      client.on('close', () => this.#fail(pair, new Error('the connection was closed')))
      client.on('end', () => this.#fail(pair, new Error('the connection ended')))
    }
    if (this.isCluster) {
      for (const event of ['-node', '-subscriber', 'nodeError', 'node error'])
        pair.commands.on(event, () => {
          if (pair.isUp) this.#fail(pair, new Error('the connection to a server of the Cluster was lost'))
        })
      pair.subscriber.on('smessage', (channel: string, text: string) => this.#listeners.get(channel)?.(text))
    } else {
      pair.subscriber.on('message', (channel: string, text: string) => this.#listeners.get(channel)?.(text))
    }
    return pair
  }

  #createClient(): IoredisClient {
    return createIoredis(this.#options.connection, this.#options.connectTimeoutMs)
  }

  // --- commands ------------------------------------------------------------------------------------------------

  async #run(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<RedisReply> {
    const rest = [String(keys.length), ...keys, ...args]
    try {
      return await this.#send('commands', (pair) =>
        pair.commands.call('EVALSHA', [this.#hashOf(script), ...rest]),
      )
    } catch (error) {
      if (!(error instanceof ScriptRefusal)) throw error
      if (error.code !== 'NOSCRIPT') throw error
    }
    return this.#send('commands', (pair) => pair.commands.call('EVAL', [script.source, ...rest]))
  }

  #send<T>(side: Side, command: (pair: ConnectionPair) => Promise<T>): Promise<T & RedisReply> {
    const pair = this.#pair
    const { clock, commandTimeoutMs } = this.#options
    if (!pair?.isUp) return Promise.reject(this.#unavailable('There is no connection to Redis'))
    return new Promise((resolve, reject) => {
      const watch = watchForReply({
        clock,
        timeoutMs: commandTimeoutMs,
        // In a Cluster, replies of other servers say nothing about the one that the command waits for.
        lastReplyMs: () => (this.isCluster ? 0 : pair.lastReplyMs[side]),
        onSilence: () => {
          const error = new Error(`no reply within ${commandTimeoutMs} ms`)
          reject(this.#unavailable('Redis did not reply', error))
          this.#fail(pair, error)
        },
      })
      command(pair).then(
        (reply) => {
          pair.lastReplyMs[side] = clock.now()
          if (pair === this.#pair && clock.now() - pair.upSinceMs >= PROVED_MS) this.#failures = 0
          watch.cancel()
          resolve(reply as T & RedisReply)
        },
        (error: Error) => {
          watch.cancel()
          const plain = plainError(error)
          const refusal = error.name === 'ReplyError' ? refusalIn(plain.message) : null
          if (refusal) return reject(refusal)
          // Any other error reply (OOM, READONLY, MISCONF, NOPERM…) means that Redis cannot serve this node at all.
          reject(this.#unavailable('Redis refused a command', plain))
          this.#fail(pair, plain)
        },
      )
    })
  }

  #unavailable(problem: string, cause?: Error): ServerError {
    const reason = cause ? `: ${cause.message}` : ''
    const message = `${problem} (Redis at ${safeAddress(this.#options.connection)})${reason}.`
    return new ServerError('store_unavailable', message, { cause })
  }

  #hashOf(script: RedisScript): string {
    let hash = this.#hashes.get(script)
    if (hash === undefined) {
      hash = createHash('sha1').update(script.source).digest('hex')
      this.#hashes.set(script, hash)
    }
    return hash
  }
}

/** The message alone. ioredis attaches the command and its arguments to an error, and those hold metas and passwords. */
function plainError(error: Error): Error {
  return new Error(error.message)
}
