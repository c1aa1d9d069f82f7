import type { Topic } from '@rollcall/shared-protocol'
import type { Clock } from '../../io/clock'
import type { RandomSource } from '../../io/random'
import { escapeName, type Keys } from './keys'
import type { RedisPort } from './redis-port'
import { HAND_OFF, LEAVE, RENEW, TOUCH, UNTOUCH } from './scripts/lease'

/** Earlier ids that a node still answers for. */
const MAX_FORMER = 8

/**
 * This node's lease on its presences, measured by the clock of Redis. The node also keeps a local bound on it, counted
 * from when a renewal was sent: Redis may have counted from any later moment, so the local bound never ends too late.
 */
export class Lease {
  readonly #port: Pick<RedisPort, 'run'>
  readonly #keys: Keys
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #ttlMs: number
  /** The topics that are registered in Redis under the present id. */
  readonly #topics = new Set<Topic>()
  #id: string
  #former: readonly string[] = []
  #generation = 0
  #isRegistered = false
  #validUntilMs = Number.NEGATIVE_INFINITY
  #stableSinceMs: number | null = null
  /** When the time to take over this node's presences ends; null before a handoff. */
  #handedOffUntilMs: number | null = null

  constructor(port: Pick<RedisPort, 'run'>, keys: Keys, clock: Clock, random: RandomSource, ttlMs: number) {
    this.#port = port
    this.#keys = keys
    this.#clock = clock
    this.#random = random
    this.#ttlMs = ttlMs
    this.#id = random.id(9)
  }

  /** The node's id: letters and digits. It changes when the lease is lost. */
  get id(): string {
    return this.#id
  }

  /** The ids that this node had before, the latest first. */
  get former(): readonly string[] {
    return this.#former
  }

  /** Grows with each recovery. Redis refuses commands of an earlier generation. */
  get generation(): number {
    return this.#generation
  }

  /** Whether no other node can have declared this one dead yet. */
  get isValid(): boolean {
    return this.#clock.now() < this.#validUntilMs
  }

  /** Whether Redis has been up for one lease time, so that every living node could renew its own lease. */
  get isStable(): boolean {
    return this.#stableSinceMs !== null && this.#clock.now() - this.#stableSinceMs >= this.#ttlMs
  }

  get isHandedOff(): boolean {
    return this.#handedOffUntilMs !== null
  }

  /** Call it when Redis was, or may have been, down. */
  markUnstable(): void {
    this.#stableSinceMs = null
  }

  /** Gives up the id, which another node has declared dead. The next {@link restore} registers a new one. */
  abandon(): void {
    this.#former = [this.#id, ...this.#former].slice(0, MAX_FORMER)
    this.#id = this.#random.id(9)
    this.#topics.clear()
    this.#isRegistered = false
    this.#validUntilMs = Number.NEGATIVE_INFINITY
    this.markUnstable()
  }

  /** Call it after each connection. Renews the lease, or registers a new id if the lease is gone. */
  async restore(): Promise<void> {
    this.#generation++
    // A handoff keeps its end: a reconnect must neither extend nor shorten it.
    if (this.#handedOffUntilMs !== null) return this.#sendHandOff(this.#handedOffUntilMs)
    if (this.#isRegistered && !(await this.renew())) this.abandon()
    if (!this.#isRegistered) await this.#send(true)
    this.#isRegistered = true
  }

  /** Resolves with false if the lease is gone. */
  async renew(): Promise<boolean> {
    const isThere = await this.#send(false)
    if (!isThere) this.markUnstable()
    return isThere
  }

  /** Await it before you put a presence into a topic: the other nodes clean up only registered topics if this one dies. */
  async registerTopic(topic: Topic): Promise<void> {
    if (this.#topics.has(topic)) return
    const id = this.#id
    await this.#port.run(TOUCH, [this.#keys.nodeTopics(id)], [escapeName(topic)])
    if (id === this.#id) this.#topics.add(topic)
  }

  /** Call it once this node certainly has no presence in the topic. */
  unregisterTopic(topic: Topic): void {
    if (!this.#topics.delete(topic)) return
    // A failure does no harm: a node that cleans up the topic finds nothing there.
    this.#port.run(UNTOUCH, [this.#keys.nodeTopics(this.#id)], [escapeName(topic)]).catch(() => {})
  }

  async handOff(graceMs: number): Promise<void> {
    this.#handedOffUntilMs = this.#clock.now() + graceMs
    await this.#sendHandOff(this.#handedOffUntilMs)
  }

  async leave(): Promise<void> {
    await this.#port.run(LEAVE, this.#keys.nodes, [this.#id])
  }

  async #sendHandOff(untilMs: number): Promise<void> {
    const leftMs = Math.max(0, Math.round(untilMs - this.#clock.now()))
    await this.#port.run(HAND_OFF, this.#keys.nodes, [this.#id, String(leftMs)])
  }

  async #send(isNew: boolean): Promise<boolean> {
    const sentMs = this.#clock.now()
    try {
      const args = [this.#id, String(this.#ttlMs), isNew ? '1' : '0']
      const reply = await this.#port.run(RENEW, this.#keys.nodes, args)
      if (!isNew && reply !== 1) return false
    } catch (error) {
      this.markUnstable()
      throw error
    }
    this.#validUntilMs = sentMs + this.#ttlMs
    this.#stableSinceMs ??= sentMs
    return true
  }
}
