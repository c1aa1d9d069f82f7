import type { Clock, Timer } from '../io/clock'
import { fractionOf, type RandomSource, spread } from '../io/random'
import type { Connection } from './connection'
import { type HeartbeatOptions, sweepIntervalMs } from './heartbeat'

/** The open connections of a node. It checks their liveness and closes them all when the node drains or closes. */
export class OpenConnections {
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #all = new Set<Connection>()
  /** Resolved when the last connection has closed. */
  readonly #emptyWaiters: (() => void)[] = []
  #sweep: Timer | null = null
  #drainTimers: readonly Timer[] = []

  constructor(clock: Clock, random: RandomSource) {
    this.#clock = clock
    this.#random = random
  }

  get size(): number {
    return this.#all.size
  }

  add(connection: Connection): void {
    this.#all.add(connection)
  }

  remove(connection: Connection): void {
    this.#all.delete(connection)
    if (this.#all.size > 0) return
    for (const resolve of this.#emptyWaiters.splice(0)) resolve()
  }

  /** Checks the liveness of all connections at intervals, until {@link stopSweeps}. */
  startSweeps(heartbeat: HeartbeatOptions): void {
    const intervalMs = sweepIntervalMs(heartbeat)
    const dueMs = this.#clock.now() + intervalMs
    this.#sweep = this.#clock.after(intervalMs, () => {
      const nowMs = this.#clock.now()
      // After a stall of this process the pongs may be unread, so a late sweep leaves the check to the next one.
      const isLate = nowMs - dueMs > intervalMs
      if (!isLate) for (const connection of this.#all) connection.sweep(nowMs)
      this.startSweeps(heartbeat)
    })
  }

  stopSweeps(): void {
    this.#sweep?.cancel()
  }

  /** Closes all connections with 1012, spread over `overMs`, so that their clients do not reconnect at the same moment. */
  drain(overMs: number): void {
    const connections = [...this.#all]
    const delays = spread(connections.length, overMs, () => fractionOf(this.#random.id(4)))
    this.#drainTimers = connections.map((connection, i) =>
      this.#clock.after(delays[i] ?? 0, () => connection.close(1012, 'server drains')),
    )
  }

  /** Closes all connections with 1012 now. */
  closeAll(): void {
    for (const timer of this.#drainTimers) timer.cancel()
    for (const connection of this.#all) connection.close(1012, 'server closes')
  }

  /** Kicks the connections of an identity or a session. */
  kick(isTarget: (identityId: string, sessionId: string | null) => boolean, reason: string): void {
    for (const connection of [...this.#all]) {
      if (isTarget(connection.identity.id, connection.sessionId)) connection.kick(reason)
    }
  }

  /** Resolves when no connection is open. */
  whenEmpty(): Promise<void> {
    if (this.#all.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#emptyWaiters.push(resolve))
  }
}
