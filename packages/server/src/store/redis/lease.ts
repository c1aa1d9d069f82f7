import type { Topic } from '@rollcall/shared-protocol'
import type { Clock } from '../../io/clock'
import type { RandomSource } from '../../io/random'
import { escapeName, type Keys } from './keys'
import type { RedisPort } from './redis-port'
import { HAND_OFF, LEAVE, RENEW, TOUCH, UNTOUCH } from './scripts/lease'

export interface LeaseContext {
  readonly run: RedisPort['run']
  readonly keys: Keys
  readonly clock: Clock
  readonly random: RandomSource
  readonly ttlMs: number
}

/** Earlier ids that a node still answers for. */
const MAX_FORMER = 8

/**
 * This node's claim on its presences, in the time of Redis. Whether it still holds is also known here, on the safe side:
 * from when a renewal was sent, not from when it was answered.
 */
export class Lease {
  readonly #context: LeaseContext
  /** In which Redis has been told that this node may hold something, under its present id. */
  readonly #topics = new Set<Topic>()
  #id: string
  #former: readonly string[] = []
  #generation = 0
  #isRegistered = false
  #validUntilMs = Number.NEGATIVE_INFINITY
  #stableSinceMs: number | null = null
  /** Until when it leaves what it holds to others; null while it means to stay. */
  #handedOffUntilMs: number | null = null

  constructor(context: LeaseContext) {
    this.#context = context
    this.#id = context.random.id(9)
  }

  /** Of letters and digits. Another one after the lease was lost. */
  get id(): string {
    return this.#id
  }

  /** The ids that it had before, the latest first. */
  get former(): readonly string[] {
    return this.#former
  }

  /** Counts the returns. */
  get generation(): number {
    return this.#generation
  }

  /** Whether nobody can have taken this node for dead yet. */
  get isValid(): boolean {
    return this.#context.clock.now() < this.#validUntilMs
  }

  /** Whether others have had the time of a lease to say that they are alive, with Redis there all along. */
  get isStable(): boolean {
    return (
      this.#stableSinceMs !== null && this.#context.clock.now() - this.#stableSinceMs >= this.#context.ttlMs
    )
  }

  /** Redis was, or may have been, away. */
  markUnstable(): void {
    this.#stableSinceMs = null
  }

  /** This node was taken for dead, whatever its lease says. */
  abandon(): void {
    this.#former = [this.#id, ...this.#former].slice(0, MAX_FORMER)
    this.#id = this.#context.random.id(9)
    this.#topics.clear()
    this.#isRegistered = false
    this.#validUntilMs = Number.NEGATIVE_INFINITY
    this.markUnstable()
  }

  /** After a connection was made: the lease is there, under another id if need be. */
  async restore(): Promise<void> {
    this.#generation++
    // What it said as it went still counts: it is not to live longer for a reconnect, nor shorter.
    if (this.#handedOffUntilMs !== null) return this.#sendHandOff(this.#handedOffUntilMs)
    if (this.#isRegistered && !(await this.renew())) this.abandon()
    if (!this.#isRegistered) await this.#send(true)
    this.#isRegistered = true
  }

  /** False where the lease is gone. */
  async renew(): Promise<boolean> {
    const isThere = await this.#send(false)
    if (!isThere) this.markUnstable()
    return isThere
  }

  /** To be awaited before anything is put into a topic: by this it is found, should this node die. */
  async registerTopic(topic: Topic): Promise<void> {
    if (this.#topics.has(topic)) return
    const id = this.#id
    await this.#context.run(TOUCH, [this.#context.keys.nodeTopics(id)], [escapeName(topic)])
    if (id === this.#id) this.#topics.add(topic)
  }

  /** Nothing of this node is in the topic any more, for certain. */
  unregisterTopic(topic: Topic): void {
    if (!this.#topics.delete(topic)) return
    const { run, keys } = this.#context
    // In vain it does no harm: who reaps a topic twice finds nothing there.
    run(UNTOUCH, [keys.nodeTopics(this.#id)], [escapeName(topic)]).catch(() => {})
  }

  async handOff(graceMs: number): Promise<void> {
    this.#handedOffUntilMs = this.#context.clock.now() + graceMs
    await this.#sendHandOff(this.#handedOffUntilMs)
  }

  async leave(): Promise<void> {
    await this.#context.run(LEAVE, this.#context.keys.nodes, [this.#id])
  }

  async #sendHandOff(untilMs: number): Promise<void> {
    const { run, keys, clock } = this.#context
    const leftMs = Math.max(0, Math.round(untilMs - clock.now()))
    await run(HAND_OFF, keys.nodes, [this.#id, String(leftMs)])
  }

  async #send(isNew: boolean): Promise<boolean> {
    const { run, keys, clock, ttlMs } = this.#context
    const sentMs = clock.now()
    try {
      const reply = await run(RENEW, keys.nodes, [this.#id, String(ttlMs), isNew ? '1' : '0'])
      if (!isNew && reply !== 1) return false
    } catch (error) {
      this.markUnstable()
      throw error
    }
    this.#validUntilMs = sentMs + ttlMs
    this.#stableSinceMs ??= sentMs
    return true
  }
}
