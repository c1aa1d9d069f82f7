import { createHash } from 'node:crypto'
import { ConcurrencyLimit } from '../../async/concurrency-limit'
import { retryDelay } from '../../async/retry'
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
 *            open                 both ready, all channels taken up
 *   idle ----------> connecting ------------------------------------> up
 *                      ^    |                                          |
 *            backoff   |    | error, time is up                        | error, close, no answer in time
 *                      |    v                                          |
 *                    resting <-----------------------------------------+
 *
 * A pair of connections is used until one of them fails in any way, and then both are thrown away and made anew: what
 * was on its way through an old one cannot come between, and there is one way to come back, for a server that stands
 * alone, one found through Sentinel and a Cluster alike.
 */

export interface RedisClientOptions {
  readonly connection: RedisConnection
  readonly clock: Clock
  readonly random: RandomSource
  /** Milliseconds for an answer to a command. */
  readonly commandTimeoutMs: number
  /** Milliseconds for the connections to be up, with all channels. */
  readonly connectTimeoutMs: number
}

const BACKOFF_MIN_MS = 50
const BACKOFF_MAX_MS = 1000
/**
 * Milliseconds for which a connection has to serve before the pauses begin anew. A Redis that takes connections and then
 * refuses every command would otherwise be asked without a pause.
 */
const PROVED_MS = 5000
/** Commands under way. Others wait here, where a node's lease can go before them, and their time runs from when they go. */
const AT_ONCE = 256
/** Channels that one command takes up. */
const CHANNELS_AT_ONCE = 256

/** A pair of connections, for as long as it lasts. In a Cluster both are the same. */
interface ConnectionPair {
  readonly commands: IoredisClient
  readonly subscriber: IoredisClient
  isUp: boolean
  /** By the clock. */
  upSinceMs: number
  /** When an answer came last, on each side. */
  readonly lastReplyMs: Record<Side, number>
}

/** In a Cluster there is one for both. */
type Side = 'commands' | 'subscriber'

/** The store's Redis, through ioredis. */
export class RedisClient implements RedisPort {
  readonly isCluster: boolean
  readonly #options: RedisClientOptions
  readonly #listeners = new Map<string, (text: string) => void>()
  readonly #hashes = new Map<RedisScript, string>()
  readonly #window = new ConcurrencyLimit(AT_ONCE)
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
      : this.#window.run(() => this.#run(script, keys, args))
  }

  async subscribe(channel: string, listener: (text: string) => void): Promise<void> {
    this.#listeners.set(channel, listener)
    await this.#window.run(async () => {
      // Whoever has gone while it waited has unsubscribed already.
      if (this.#listeners.get(channel) === listener)
        await this.#ask('subscriber', (pair) => this.#takeUp(pair, [channel]))
    })
  }

  unsubscribe(channel: string): void {
    this.#listeners.delete(channel)
    const pair = this.#pair
    if (!pair?.isUp) return
    const { subscriber } = pair
    const done = this.isCluster ? subscriber.sunsubscribe(channel) : subscriber.unsubscribe(channel)
    // It may be in vain: what still comes finds no listener, and a lost connection is noticed by others.
    done.catch(() => {})
  }

  async probe(): Promise<void> {
    // A Cluster's client keeps an eye on its subscribers itself.
    if (!this.isCluster) await this.#ask('subscriber', (pair) => pair.subscriber.ping())
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#discard()
    this.#listeners.clear()
  }

  // --- one pair after the other --------------------------------------------------------------------------------

  #connect(): void {
    const pair = this.#makePair()
    this.#pair = pair
    const { connectTimeoutMs, clock } = this.#options
    this.#timer = clock.after(connectTimeoutMs, () =>
      this.#fail(pair, new Error(`no connection within ${connectTimeoutMs} ms`)),
    )
    this.#bringUp(pair).catch((error: Error) => this.#fail(pair, error))
  }

  async #bringUp(pair: ConnectionPair): Promise<void> {
    const sides = new Set([pair.commands, pair.subscriber])
    await Promise.all([...sides].map((side) => side.connect()))
    if (pair !== this.#pair) return
    const taken = new Set<string>()
    // Whoever subscribes meanwhile is in the next round.
    for (;;) {
      const channels = [...this.#listeners.keys()].filter((channel) => !taken.has(channel))
      if (channels.length === 0) break
      for (const channel of channels) taken.add(channel)
      await this.#takeUp(pair, channels)
      if (pair !== this.#pair) return
    }
    this.#timer?.cancel()
    pair.isUp = true
    pair.upSinceMs = this.#options.clock.now()
    // Unsubscribe channels whose last listener left while we connected.
    for (const channel of taken) if (!this.#listeners.has(channel)) this.unsubscribe(channel)
    this.#events?.onUp()
  }

  async #takeUp({ subscriber }: ConnectionPair, channels: readonly string[]): Promise<void> {
    for (let from = 0; from < channels.length; from += CHANNELS_AT_ONCE) {
      const some = channels.slice(from, from + CHANNELS_AT_ONCE)
      // Channels of one call have to share their slot, and topics do not.
      if (this.isCluster) await Promise.all(some.map((channel) => subscriber.ssubscribe(channel)))
      else await subscriber.subscribe(...some)
    }
  }

  #fail(pair: ConnectionPair, error: Error): void {
    if (pair !== this.#pair || this.#isClosed) return
    const { clock, random } = this.#options
    this.#timer?.cancel()
    this.#discard()
    const delayMs = retryDelay(++this.#failures, BACKOFF_MIN_MS, BACKOFF_MAX_MS)
    // Between half of it and all of it, so that not all nodes come back at once.
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

  #makePair(): ConnectionPair {
    const commands = this.#makeSide()
    const pair: ConnectionPair = {
      commands,
      subscriber: this.isCluster ? commands : this.#makeSide(),
      isUp: false,
      upSinceMs: 0,
      lastReplyMs: { commands: 0, subscriber: 0 },
    }
    for (const side of new Set([pair.commands, pair.subscriber])) {
      // Without a listener the client would write it to the console.
      side.on('error', (error: Error) => this.#fail(pair, error))
      side.on('close', () => this.#fail(pair, new Error('the connection was closed')))
      side.on('end', () => this.#fail(pair, new Error('the connection has ended')))
    }
    if (this.isCluster) {
      for (const event of ['-node', '-subscriber', 'nodeError', 'node error'])
        pair.commands.on(event, () => {
          if (pair.isUp) this.#fail(pair, new Error('a node of the cluster was lost'))
        })
      pair.subscriber.on('smessage', (channel: string, text: string) => this.#listeners.get(channel)?.(text))
    } else {
      pair.subscriber.on('message', (channel: string, text: string) => this.#listeners.get(channel)?.(text))
    }
    return pair
  }

  #makeSide(): IoredisClient {
    return createIoredis(this.#options.connection, this.#options.connectTimeoutMs)
  }

  // --- one command -----------------------------------------------------------------------------------------------

  async #run(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<RedisReply> {
    const rest = [String(keys.length), ...keys, ...args]
    try {
      return await this.#ask('commands', (pair) =>
        pair.commands.call('EVALSHA', [this.#hashOf(script), ...rest]),
      )
    } catch (error) {
      if (!(error instanceof ScriptRefusal)) throw error
      if (error.code !== 'NOSCRIPT') throw error
    }
    return this.#ask('commands', (pair) => pair.commands.call('EVAL', [script.source, ...rest]))
  }

  #ask<T>(side: Side, ask: (pair: ConnectionPair) => Promise<T>): Promise<T & RedisReply> {
    const pair = this.#pair
    const { clock, commandTimeoutMs } = this.#options
    if (!pair?.isUp) return Promise.reject(this.#unavailable('There is no connection'))
    return new Promise((resolve, reject) => {
      const watch = watchForReply({
        clock,
        timeoutMs: commandTimeoutMs,
        // Of a Cluster nobody can tell which server the command waits for.
        lastReplyMs: () => (this.isCluster ? 0 : pair.lastReplyMs[side]),
        onSilence: () => {
          const error = new Error(`no answer within ${commandTimeoutMs} ms`)
          reject(this.#unavailable('There was no answer', error))
          this.#fail(pair, error)
        },
      })
      ask(pair).then(
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
          // Whatever else Redis says (OOM, READONLY, MISCONF, NOPERM…), it does not serve: the store is away.
          reject(this.#unavailable('The command failed', plain))
          this.#fail(pair, plain)
        },
      )
    })
  }

  #unavailable(what: string, cause?: Error): ServerError {
    const why = cause ? `: ${cause.message}` : ''
    const message = `${what} (Redis at ${safeAddress(this.#options.connection)})${why}.`
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

/** Only what it says: the client hangs the command with its arguments on an error, and those hold metas and passwords. */
function plainError(error: Error): Error {
  return new Error(error.message)
}
