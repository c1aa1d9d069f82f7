import type { Position, Presence, PresenceSnapshot, Topic } from '@rollcall/shared-protocol'
import { forEachLimited } from '../../async/concurrency-limit'
import { retryDelay } from '../../async/retry'
import { ServerError } from '../../errors'
import type { Timer } from '../../io/clock'
import type { Change, NodeEvents, SessionStore, Store, StoreMessage, Subscription, TopicFeed } from '../store'
import { Keys } from './keys'
import { Lease } from './lease'
import { OwnRecords } from './own-records'
import { Reaper } from './reaper'
import { asciiJson } from './record'
import { RedisClient } from './redis-client'
import { databaseOf, safeAddress } from './redis-connection'
import {
  CONNECTING,
  type RedisLinkEffect,
  type RedisLinkEvent,
  type RedisLinkState,
  stepRedisLink,
} from './redis-link-machine'
import {
  type RedisStoreOptions,
  type ResolvedRedisStoreOptions,
  resolveRedisStoreOptions,
} from './redis-options'
import { errorCodeIn, type RedisPort, ScriptRefusal } from './redis-port'
import { RedisSessions } from './redis-sessions'
import { RedisTopic, type RedisTopicContext } from './redis-topic'

/*
 *   RedisPort --up, down--> link machine --restore--> Lease, RedisTopic (each), RedisSessions
 *                                |
 *                   ready: what changes anything waits for it
 *
 *   pulse, three times a lease: renew, look after connections and sessions, sweep
 */

/** Topics that are asserted at a time, after a reconnect. */
const WIDTH = 16
/** Milliseconds that a call waits for a link that is being made or made good. */
const READY_MS = 5000
/** Broadcasts of this node that may wait for Redis, in all topics. */
const MAX_PUBLISHING = 10_000
/** Milliseconds between two tries to make good what was missed: after the first failure, and at most. */
const RETRY_MS = 250
const MAX_RETRY_MS = 4000
/** Reasons that are logged of one outage, each once. */
const MAX_REASONS = 16
/** Milliseconds that a diff behind a gap waits for the one before it. */
const GAP_MS = 200
/** Sessions are looked after when this share of their time is over. */
const SESSION_SHARE = 1 / 4
/** Of a pulse's time, by how much it may be early. */
const JITTER = 0.2

/**
 * Presences in Redis or Valkey, shared by all nodes that are given the same one. Redis alone decides the order.
 *
 * @example
 * const server = createServer({ store: new RedisStore({ connection: 'redis://127.0.0.1:6379' }) })
 */
export class RedisStore implements Store {
  readonly sessions: SessionStore
  readonly #options: ResolvedRedisStoreOptions
  readonly #port: RedisPort
  readonly #lease: Lease
  readonly #reaper: Reaper
  readonly #redisSessions: RedisSessions
  readonly #own = new OwnRecords()
  readonly #topics = new Map<Topic, RedisTopic>()
  readonly #topicContext: RedisTopicContext
  #events: NodeEvents | null = null
  #link: RedisLinkState = CONNECTING
  #waiting: (() => void)[] = []
  #isReachable = true
  #isHandedOff = false
  #nodeChannel: string | null = null
  #pulse: Timer | null = null
  #retry: Timer | null = null
  #sessionsDueMs = 0
  #restores = 0
  /** Returns in a row that failed though the connection stood. */
  #failedRestores = 0
  /** Why Redis does not serve, as far as it was logged of the present outage. */
  readonly #reasons = new Set<string>()
  /** Under which it was found dead, in the middle of a return. */
  #fencedId: string | null = null
  #publishing = 0
  #errorCode: string | null = null

  /**
   * Throws `invalid_option`. It connects with {@link connect}, not before.
   *
   * @param port for tests: what to speak to in place of a real client
   */
  constructor(given: RedisStoreOptions, port: RedisPort | null = null) {
    const options = resolveRedisStoreOptions(given)
    const { clock, random, leaseTtlMs, sessionTtlMs, settleMs, commandTimeoutMs, logger: log } = options
    this.#options = options
    this.#port = port ?? new RedisClient(options)
    const keys = new Keys(options.prefix, databaseOf(options.connection))
    const publish = this.#port.isCluster ? 'SPUBLISH' : 'PUBLISH'
    const run: RedisPort['run'] = (script, all, args) => this.#port.run(script, all, args)
    const freshEpoch = () => random.id(6)
    this.#lease = new Lease({ run, keys, clock, random, ttlMs: leaseTtlMs })
    const topicsOf = (node: string) => this.#topicsOf(node)
    this.#reaper = new Reaper({ run, keys, log, publish, freshEpoch, topicsOf })
    this.#redisSessions = new RedisSessions({
      run,
      ready: () => this.#ready(),
      keys,
      lease: this.#lease,
      log,
      publish,
      ttlMs: sessionTtlMs,
      onClaimed: (id) => {
        this.#own.dropOwner(asciiJson(id))
        this.#events?.onSessionClaimed(id)
      },
    })
    this.sessions = this.#redisSessions
    this.#topicContext = {
      run,
      port: this.#port,
      keys,
      lease: this.#lease,
      own: this.#own,
      clock,
      instance: random.id(9),
      publish,
      freshEpoch,
      gapMs: GAP_MS,
      settleMs,
      feedTimeoutMs: settleMs + 2 * commandTimeoutMs,
      ready: () => this.#ready(),
      isLive: () => this.#link.name === 'live',
      isUp: () => this.#link.name === 'live' || this.#link.name === 'returning',
      onFenced: (id) => {
        if (this.#link.name === 'returning') {
          // It has to return once more; in the middle of it nothing changes its id.
          this.#fencedId = id
          return
        }
        if (id === this.#lease.id) this.#lease.abandon()
        this.#dispatch({ kind: 'gone' })
      },
      onIdle: (access) => {
        this.#topics.delete(access.topic)
        if (this.#link.name === 'live') this.#lease.unregisterTopic(access.topic)
      },
      unavailable: (what) => this.#unavailable(what),
    }
  }

  connect(events: NodeEvents): void {
    this.#events = events
    this.#port.open({
      onUp: () => this.#dispatch({ kind: 'up' }),
      onDown: (error) => {
        this.#errorCode = errorCodeIn(error.message)
        this.#logOutage(error)
        this.#dispatch({ kind: 'down' })
      },
    })
  }

  /** The code of the error that Redis answers with during an outage; null where it does not answer, or serves. */
  get errorCode(): string | null {
    return this.#errorCode
  }

  commit(topic: Topic, changes: readonly Change[]): Promise<Position> {
    return this.#topic(topic).commit(changes)
  }

  subscribe(topic: Topic, feed: TopicFeed): Promise<Subscription> {
    return this.#topic(topic).subscribe(feed)
  }

  read(topic: Topic): Promise<PresenceSnapshot> {
    return this.#topic(topic).read()
  }

  count(topic: Topic): Promise<number> {
    return this.#topic(topic).count()
  }

  adopt(topic: Topic, owner: string): Promise<Presence | null> {
    return this.#topic(topic).adopt(owner)
  }

  async publish(topic: Topic, message: StoreMessage): Promise<void> {
    if (this.#publishing >= MAX_PUBLISHING)
      throw this.#unavailable(`${MAX_PUBLISHING} broadcasts wait already`)
    this.#publishing++
    try {
      await this.#topic(topic).publish(message)
    } finally {
      this.#publishing--
    }
  }

  async handOff(graceMs: number): Promise<void> {
    await this.#ready()
    this.#isHandedOff = true
    this.#pulse?.cancel()
    await this.#lease.handOff(graceMs)
  }

  async close(): Promise<void> {
    if (this.#link.name === 'closed') return
    const wasLive = this.#link.name === 'live'
    this.#pulse?.cancel()
    this.#retry?.cancel()
    for (const topic of [...this.#topics.values()]) topic.close()
    const isEmpty = this.#own.topics().next().done === true
    // Whoever holds nothing need not be found dead. In vain it is found dead, and nothing is lost with it.
    if (wasLive && isEmpty && !this.#isHandedOff) await this.#lease.leave().catch(() => {})
    this.#dispatch({ kind: 'close' })
    await this.#port.close()
  }

  // --- the link --------------------------------------------------------------------------------------------------

  #dispatch(event: RedisLinkEvent): void {
    const { state, effects } = stepRedisLink(this.#link, event)
    this.#link = state
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: RedisLinkEffect): void {
    const { clock, logger: log } = this.#options
    switch (effect.kind) {
      case 'doubt':
        this.#pulse?.cancel()
        this.#lease.markUnstable()
        for (const topic of this.#topics.values()) topic.markStale()
        return
      case 'restore':
        void this.#restore(++this.#restores)
        return
      case 'retryLater':
        this.#retry = clock.after(retryDelay(++this.#failedRestores, RETRY_MS, MAX_RETRY_MS), () =>
          this.#dispatch({ kind: 'retry' }),
        )
        return
      case 'reachable':
        if (effect.isReachable) {
          this.#failedRestores = 0
          this.#reasons.clear()
          this.#errorCode = null
        }
        if (effect.isReachable === this.#isReachable) return
        this.#isReachable = effect.isReachable
        if (effect.isReachable) {
          log.warn({ redis: safeAddress(this.#options.connection) }, 'Redis is back; everything is made good')
        }
        return this.#events?.onReachable(effect.isReachable)
      case 'release':
        for (const resolve of this.#waiting.splice(0)) resolve()
    }
  }

  /** Once for each reason, however often it is met: an outage may last. */
  #logOutage(error: Error): void {
    const { connection, logger: log } = this.#options
    const reason = error.message
    if (this.#reasons.has(reason) || this.#reasons.size >= MAX_REASONS) return
    const redis = safeAddress(connection)
    this.#reasons.add(reason)
    log.warn({ err: error, redis, reason }, 'Redis does not serve; trying again')
  }

  /** Makes good what may have been missed, while nothing new is committed. */
  async #restore(round: number): Promise<void> {
    const { logger: log } = this.#options
    // A later one has begun: what this one comes to is of no interest.
    const isOld = () => round !== this.#restores || this.#link.name !== 'returning'
    try {
      const formerId = this.#lease.id
      await this.#lease.restore()
      if (isOld()) return
      // The rest may take longer than a lease.
      this.#schedulePulse()
      if (formerId !== this.#lease.id)
        log.warn({ node: this.#lease.id, formerId }, 'the lease was lost; here under another id')
      await this.#listen()
      // Sessions come first: what a session had that another node has claimed meanwhile must not be asserted.
      await this.#redisSessions.restore()
      await forEachLimited(this.#topics.values(), WIDTH, (topic) =>
        isOld() ? Promise.resolve() : topic.assertOwn(),
      )
      if (isOld()) return
      if (this.#fencedId === this.#lease.id)
        throw new ScriptRefusal('FENCED this node was taken for dead', 'FENCED')
      this.#dispatch({ kind: 'restored' })
    } catch (error) {
      if (isOld()) return
      if (error instanceof ScriptRefusal) this.#lease.abandon()
      log.warn({ err: error }, 'what was missed could not be made good yet; trying again')
      this.#dispatch({ kind: 'failed' })
    }
  }

  /** To what the others have to say to this node, under its present id. */
  async #listen(): Promise<void> {
    const channel = this.#topicContext.keys.nodeChannel(this.#lease.id)
    const former = this.#nodeChannel
    if (channel === former) return
    await this.#port.subscribe(channel, (text) => this.#redisSessions.onMessage(text))
    this.#nodeChannel = channel
    if (former !== null) this.#port.unsubscribe(former)
  }

  /** Resolves once changes are taken. Rejects at once where Redis is away, and in time where it takes too long. */
  async #ready(): Promise<void> {
    const { clock } = this.#options
    const giveUpMs = clock.now() + READY_MS
    for (;;) {
      if (this.#link.name === 'closed')
        throw new ServerError('closed', 'This store was closed; make another one.')
      if (this.#link.name === 'away') throw this.#unavailable('Redis is away')
      if (this.#events === null) throw this.#unavailable('Nobody has called connect')
      if (this.#link.name === 'live') {
        // Paused for longer than the lease, this node may have been taken for dead.
        if (this.#lease.isValid || this.#isHandedOff) return
        if (!(await this.#lease.renew())) this.#dispatch({ kind: 'gone' })
        continue
      }
      const leftMs = giveUpMs - clock.now()
      if (leftMs <= 0) throw this.#unavailable('Redis is not ready yet')
      await new Promise<void>((resolve) => {
        const timer = clock.after(leftMs, resolve)
        this.#waiting.push(() => {
          timer.cancel()
          resolve()
        })
      })
    }
  }

  // --- the pulse -------------------------------------------------------------------------------------------------

  #schedulePulse(): void {
    if (this.#isHandedOff) return
    const { clock, random, leaseTtlMs } = this.#options
    const chance = (Number.parseInt(random.id(4), 36) % 1000) / 1000
    this.#pulse?.cancel()
    this.#pulse = clock.after((leaseTtlMs / 3) * (1 - JITTER * chance), () => {
      this.#schedulePulse()
      void this.#beat()
    })
  }

  async #beat(): Promise<void> {
    const { clock, logger: log, sessionTtlMs } = this.#options
    if (this.#link.name !== 'live' && this.#link.name !== 'returning') return
    try {
      if (!(await this.#lease.renew())) {
        // A return that is under way finds out by itself: it is refused.
        if (this.#link.name === 'live' && !this.#isHandedOff) this.#dispatch({ kind: 'gone' })
        return
      }
      if (this.#link.name !== 'live') return
      await this.#port.probe()
      if (clock.now() >= this.#sessionsDueMs) {
        this.#sessionsDueMs = clock.now() + sessionTtlMs * SESSION_SHARE
        await this.#redisSessions.restore()
      }
      if (this.#lease.isStable) await this.#reaper.sweep(this.#lease.id, this.#seen())
    } catch (error) {
      // The port says itself whether Redis is away.
      log.debug({ err: error }, 'a pulse did not get through')
    }
  }

  #seen(): Set<string> {
    const seen = new Set<string>()
    for (const topic of this.#topics.values()) for (const node of topic.nodes()) seen.add(node)
    return seen
  }

  *#topicsOf(node: string): Iterable<Topic> {
    for (const access of this.#topics.values()) {
      for (const seen of access.nodes()) {
        if (seen !== node) continue
        yield access.topic
        break
      }
    }
  }

  // --- topics ----------------------------------------------------------------------------------------------------

  #topic(topic: Topic): RedisTopic {
    let access = this.#topics.get(topic)
    if (!access) {
      access = new RedisTopic(topic, this.#topicContext)
      this.#topics.set(topic, access)
    }
    return access
  }

  #unavailable(what: string, cause?: Error): ServerError {
    const where = safeAddress(this.#options.connection)
    return new ServerError('store_unavailable', `${what} (Redis at ${where}).`, { cause })
  }
}
