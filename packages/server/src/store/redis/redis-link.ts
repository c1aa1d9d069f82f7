import { ServerError } from '../../errors'
import type { Clock } from '../../io/clock'
import type { RandomSource } from '../../io/random'
import { ChannelListener } from './channel-listener'
import { Keys } from './keys'
import { Lease } from './lease'
import { databaseOf, safeAddress } from './redis-connection'
import {
  CONNECTING,
  type RedisLinkEffect,
  type RedisLinkEvent,
  type RedisLinkState,
  stepRedisLink,
} from './redis-link-machine'
import type { ResolvedRedisStoreOptions } from './redis-options'
import type { RedisPort } from './redis-port'

/** An effect that the recovery performs. */
export type RecoveryEffect = Exclude<RedisLinkEffect, { kind: 'resumeWaiting' }>

/** Milliseconds that a call waits for a link that is connecting or being restored. */
const READY_MS = 5000

/**
 * One node's link to Redis: the client, the keys, the lease and the link's state. The topics, the sessions, the reaper and
 * the recovery of one store share it.
 */
export class RedisLink {
  readonly port: RedisPort
  readonly keys: Keys
  readonly clock: Clock
  readonly lease: Lease
  /** Marks this store's broadcasts, so that the store can ignore them when Redis sends them back. */
  readonly instance: string
  readonly publishCommand: 'PUBLISH' | 'SPUBLISH'
  /** The server's address without credentials, for messages and logs. */
  readonly address: string
  readonly #random: RandomSource
  readonly #listener: ChannelListener
  #state: RedisLinkState = CONNECTING
  #onEffect: ((effect: RecoveryEffect) => void) | null = null
  #waiting: (() => void)[] = []
  /** The id under which another node declared this one dead while the link was being restored. */
  #fencedId: string | null = null

  constructor(options: ResolvedRedisStoreOptions, port: RedisPort) {
    const { connection, prefix, clock, random, leaseTtlMs, logger } = options
    this.port = port
    this.keys = new Keys(prefix, databaseOf(connection))
    this.clock = clock
    this.lease = new Lease(port, this.keys, clock, random, leaseTtlMs)
    this.instance = random.id(9)
    this.publishCommand = port.isCluster ? 'SPUBLISH' : 'PUBLISH'
    this.address = safeAddress(connection)
    this.#random = random
    this.#listener = new ChannelListener(logger, clock)
  }

  /** Starts to connect. `onDown` is called for each failed attempt, before the state changes. */
  open(onEffect: (effect: RecoveryEffect) => void, onDown: (error: Error) => void): void {
    this.#onEffect = onEffect
    this.port.open({
      onUp: () => this.dispatch({ kind: 'up' }),
      onDown: (error) => {
        onDown(error)
        this.dispatch({ kind: 'down' })
      },
    })
  }

  get state(): RedisLinkState['name'] {
    return this.#state.name
  }

  get isLive(): boolean {
    return this.#state.name === 'live'
  }

  /** Whether there is a connection, even if this node's data is still being restored. */
  get isUp(): boolean {
    return this.#state.name === 'live' || this.#state.name === 'restoring'
  }

  /** Whether another node declared this one dead, under its current id, while the link was being restored. */
  get isFenced(): boolean {
    return this.#fencedId === this.lease.id
  }

  dispatch(event: RedisLinkEvent): void {
    const { state, effects } = stepRedisLink(this.#state, event)
    this.#state = state
    for (const effect of effects) {
      if (effect.kind === 'resumeWaiting') for (const resolve of this.#waiting.splice(0)) resolve()
      else this.#onEffect?.(effect)
    }
  }

  /** Another node declared this one dead under this id. Several topics may report the same id. */
  reportFenced(id: string): void {
    if (this.#state.name === 'restoring') {
      // The lease keeps its id until this recovery has failed; the next one takes another.
      this.#fencedId = id
      return
    }
    if (id === this.lease.id) this.lease.abandon()
    this.dispatch({ kind: 'gone' })
  }

  /**
   * Resolves once changes can be committed. Rejects with `store_unavailable` at once while Redis is down, and after
   * 5 seconds while the link is connecting or being restored.
   */
  async whenReady(): Promise<void> {
    const giveUpMs = this.clock.now() + READY_MS
    for (;;) {
      if (this.#state.name === 'closed')
        throw new ServerError('closed', 'This store is closed. Create another one.')
      if (this.#state.name === 'down') throw this.unavailable('The connection to Redis is down')
      if (this.#onEffect === null) throw this.unavailable('The store was not connected; call connect() first')
      if (this.#state.name === 'live') {
        // A process that was paused for longer than its lease may have been declared dead meanwhile.
        if (this.lease.isValid || this.lease.isHandedOff) return
        if (!(await this.lease.renew())) this.dispatch({ kind: 'gone' })
        continue
      }
      const leftMs = giveUpMs - this.clock.now()
      if (leftMs <= 0) throw this.unavailable(`Redis was not ready within ${READY_MS} ms`)
      await new Promise<void>((resolve) => {
        const timer = this.clock.after(leftMs, resolve)
        this.#waiting.push(() => {
          timer.cancel()
          resolve()
        })
      })
    }
  }

  /** Subscribes to a channel. `read` returns false for a message that this version does not write. */
  listen(...[kind, channel, read, onDropped]: Parameters<ChannelListener['listen']>): Promise<void> {
    return this.port.subscribe(channel, this.#listener.listen(kind, channel, read, onDropped))
  }

  freshEpoch(): string {
    return this.#random.id(6)
  }

  unavailable(problem: string): ServerError {
    return new ServerError('store_unavailable', `${problem} (Redis at ${this.address}).`)
  }
}
