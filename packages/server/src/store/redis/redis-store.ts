import type { Position, Presence, PresenceSnapshot, Topic } from '@rollcall/shared-protocol'
import type { Change, NodeEvents, SessionStore, Store, StoreMessage, Subscription, TopicFeed } from '../store'
import { OwnRecords } from './own-records'
import { Reaper } from './reaper'
import { asciiJson } from './record'
import { RedisClient } from './redis-client'
import { RedisLink } from './redis-link'
import {
  type RedisStoreOptions,
  type ResolvedRedisStoreOptions,
  resolveRedisStoreOptions,
} from './redis-options'
import type { RedisPort } from './redis-port'
import { RedisPulse } from './redis-pulse'
import { RedisRecovery } from './redis-recovery'
import { RedisSessions } from './redis-sessions'
import { RedisTopic } from './redis-topic'

/*
 *   RedisPort --up, down--> RedisLink --restore--> RedisRecovery --> Lease, RedisSessions, RedisTopic (each)
 *                               |
 *                               +-- whenReady: every change waits for it
 *
 *   RedisPulse, three times a lease: renew, probe, refresh sessions, sweep dead nodes
 */

/** Broadcasts of this node that may wait for Redis, in all topics together. */
const MAX_PUBLISHING = 10_000

/**
 * Presences in Redis or Valkey, shared by all nodes that use the same server and prefix. Redis alone decides the order.
 *
 * @example
 * const server = createServer({ store: new RedisStore({ connection: 'redis://127.0.0.1:6379' }) })
 */
export class RedisStore implements Store {
  readonly sessions: SessionStore
  readonly #options: ResolvedRedisStoreOptions
  readonly #link: RedisLink
  readonly #pulse: RedisPulse
  readonly #recovery: RedisRecovery
  readonly #own = new OwnRecords()
  readonly #topics = new Map<Topic, RedisTopic>()
  #events: NodeEvents | null = null
  #publishing = 0

  /**
   * Throws `invalid_option`. The store connects when {@link connect} is called.
   *
   * @param port replaces the Redis client in tests
   */
  constructor(options: RedisStoreOptions, port: RedisPort | null = null) {
    this.#options = resolveRedisStoreOptions(options)
    const { logger: log, sessionTtlMs } = this.#options
    this.#link = new RedisLink(this.#options, port ?? new RedisClient(this.#options))
    const reaper = new Reaper(this.#link, log, (node) => this.#topicsOf(node))
    const sessions = new RedisSessions(this.#link, log, sessionTtlMs, (id) => {
      this.#own.dropOwner(asciiJson(id))
      this.#events?.onSessionClaimed(id)
    })
    this.sessions = sessions
    this.#pulse = new RedisPulse(this.#link, sessions, reaper, this.#topics, this.#options)
    this.#recovery = new RedisRecovery(this.#link, this.#pulse, sessions, this.#topics, log)
  }

  connect(events: NodeEvents): void {
    this.#events = events
    this.#recovery.start(events)
  }

  /** The code of Redis' error reply during an outage, such as `OOM`; null when Redis does not reply or serves. */
  get errorCode(): string | null {
    return this.#recovery.errorCode
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
      throw this.#link.unavailable(`${MAX_PUBLISHING} broadcasts are already waiting`)
    this.#publishing++
    try {
      await this.#topic(topic).publish(message)
    } finally {
      this.#publishing--
    }
  }

  async handOff(graceMs: number): Promise<void> {
    await this.#link.whenReady()
    this.#pulse.stop()
    await this.#link.lease.handOff(graceMs)
  }

  async close(): Promise<void> {
    if (this.#link.state === 'closed') return
    const { isLive, lease, port } = this.#link
    this.#pulse.stop()
    this.#recovery.stop()
    for (const topic of [...this.#topics.values()]) topic.close()
    const isEmpty = this.#own.topics().next().done === true
    // A node that holds nothing ends its lease itself. If that fails, the others find it dead, and nothing is lost.
    if (isLive && isEmpty && !lease.isHandedOff) await lease.leave().catch(() => {})
    this.#link.dispatch({ kind: 'close' })
    await port.close()
  }

  // --- topics ----------------------------------------------------------------------------------------------------

  #topic(name: Topic): RedisTopic {
    let topic = this.#topics.get(name)
    if (!topic) {
      topic = new RedisTopic(name, this.#link, this.#own, this.#options, this.#forget)
      this.#topics.set(name, topic)
    }
    return topic
  }

  readonly #forget = ({ topic }: RedisTopic): void => {
    this.#topics.delete(topic)
    if (this.#link.isLive) this.#link.lease.unregisterTopic(topic)
  };

  /** The topics in which this node sees presences of another. */
  *#topicsOf(node: string): Iterable<Topic> {
    for (const topic of this.#topics.values()) {
      for (const holder of topic.nodes()) {
        if (holder !== node) continue
        yield topic.topic
        break
      }
    }
  }
}
