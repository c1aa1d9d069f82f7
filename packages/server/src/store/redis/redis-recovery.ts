import type { Topic } from '@rollcall/shared-protocol'
import { forEachLimited } from '../../async/concurrency-limit'
import { REDIS_RESTORE, retryDelay } from '../../async/retry'
import type { Timer } from '../../io/clock'
import type { Logger } from '../../log'
import type { NodeEvents } from '../store'
import type { RecoveryEffect, RedisLink } from './redis-link'
import { errorCodeIn, ScriptRefusal } from './redis-port'
import type { RedisPulse } from './redis-pulse'
import type { RedisSessions } from './redis-sessions'
import type { RedisTopic } from './redis-topic'

/** Topics that are asserted at the same time. */
const MAX_CONCURRENT_TOPICS = 16
/** Reasons that are logged during one outage, each once. */
const MAX_REASONS = 16

/** Restores this node's lease, sessions and topics after each connection, and reports outages. */
export class RedisRecovery {
  readonly #link: RedisLink
  readonly #pulse: RedisPulse
  readonly #sessions: RedisSessions
  readonly #topics: ReadonlyMap<Topic, RedisTopic>
  readonly #log: Logger
  #events: NodeEvents | null = null
  #isReachable = true
  #nodeChannel: string | null = null
  #retry: Timer | null = null
  #rounds = 0
  /** Recoveries in a row that failed while the connection stood. */
  #failures = 0
  /** Reasons of the current outage that have been logged. */
  readonly #reasons = new Set<string>()
  #errorCode: string | null = null

  constructor(
    link: RedisLink,
    pulse: RedisPulse,
    sessions: RedisSessions,
    topics: ReadonlyMap<Topic, RedisTopic>,
    log: Logger,
  ) {
    this.#link = link
    this.#pulse = pulse
    this.#sessions = sessions
    this.#topics = topics
    this.#log = log
  }

  start(events: NodeEvents): void {
    this.#events = events
    this.#link.open(
      (effect) => this.#perform(effect),
      (error) => {
        this.#errorCode = errorCodeIn(error.message)
        this.#logOutage(error)
      },
    )
  }

  /** The code of the error reply that caused the current outage; null without one. */
  get errorCode(): string | null {
    return this.#errorCode
  }

  stop(): void {
    this.#retry?.cancel()
  }

  #perform(effect: RecoveryEffect): void {
    switch (effect.kind) {
      case 'markStale':
        this.#pulse.stop()
        this.#link.lease.markUnstable()
        for (const topic of this.#topics.values()) topic.markStale()
        return
      case 'restore':
        void this.#restore(++this.#rounds)
        return
      case 'retryLater':
        this.#retry = this.#link.clock.after(retryDelay(++this.#failures, REDIS_RESTORE), () =>
          this.#link.dispatch({ kind: 'retry' }),
        )
        return
      case 'reachable':
        return this.#setReachable(effect.isReachable)
    }
  }

  #setReachable(isReachable: boolean): void {
    if (isReachable) {
      this.#failures = 0
      this.#reasons.clear()
      this.#errorCode = null
    }
    if (isReachable === this.#isReachable) return
    this.#isReachable = isReachable
    if (isReachable) {
      const redis = this.#link.address
      this.#log.warn({ redis }, 'Redis is available again; sessions and presences are restored')
    }
    this.#events?.onReachable(isReachable)
  }

  /** Logs each reason once per outage, so that a long outage does not fill the log. */
  #logOutage(error: Error): void {
    const reason = error.message
    if (this.#reasons.has(reason) || this.#reasons.size >= MAX_REASONS) return
    this.#reasons.add(reason)
    this.#log.warn({ err: error, redis: this.#link.address, reason }, 'Redis is unavailable; reconnecting')
  }

  /** Restores what Redis or this node may have missed. Nothing new is committed until it has succeeded. */
  async #restore(round: number): Promise<void> {
    const { lease } = this.#link
    const isOutdated = () => round !== this.#rounds || this.#link.state !== 'restoring'
    try {
      const formerId = lease.id
      await lease.restore()
      if (isOutdated()) return
      // The rest may take longer than a lease, so the lease has to be renewed meanwhile.
      this.#pulse.start()
      if (formerId !== lease.id)
        this.#log.warn({ node: lease.id, formerId }, 'this node lost its lease; it continues under a new id')
      await this.#listen()
      // Sessions first: presences of a session that another node has claimed must not be asserted.
      await this.#sessions.restore()
      await forEachLimited(this.#topics.values(), MAX_CONCURRENT_TOPICS, (topic) =>
        isOutdated() ? Promise.resolve() : topic.assertOwn(),
      )
      if (isOutdated()) return
      if (this.#link.isFenced) throw new ScriptRefusal('FENCED this node was taken for dead', 'FENCED')
      this.#link.dispatch({ kind: 'restored' })
    } catch (error) {
      if (isOutdated()) return
      if (error instanceof ScriptRefusal) lease.abandon()
      this.#log.warn({ err: error }, 'could not restore sessions and presences in Redis; retrying')
      this.#link.dispatch({ kind: 'failed' })
    }
  }

  /** Subscribes to the channel of this node's current id. */
  async #listen(): Promise<void> {
    const { port, keys, lease } = this.#link
    const channel = keys.nodeChannel(lease.id)
    const former = this.#nodeChannel
    if (channel === former) return
    await this.#link.listen('node', channel, (text) => this.#sessions.onMessage(text))
    this.#nodeChannel = channel
    if (former !== null) port.unsubscribe(former)
  }
}
