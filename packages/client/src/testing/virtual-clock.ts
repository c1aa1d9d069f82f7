import type { Clock } from '../io/clock'

/** Longer than any chain of promises in the client. */
const TURNS = 100

/** Runs the waiting microtasks, and those that they queue. */
export async function flushMicrotasks(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await Promise.resolve()
}

interface VirtualTimer {
  dueAt: number
  readonly run: () => void
}

/**
 * A clock that stands still until a test advances it. Pass it to a socket as `clock`, and no test has to wait for a
 * timeout, a heartbeat or a retry.
 *
 * @example
 * ```ts
 * import { Socket } from '@rollcall/client'
 * import { createFakeServer, VirtualClock } from '@rollcall/client/testing'
 *
 * const clock = new VirtualClock()
 * const server = createFakeServer()
 * const socket = new Socket('ws://test/socket', { transport: server.transport, clock })
 * socket.connect()
 * await server.settle()
 * server.drop()
 * await server.settle()
 * console.log(socket.status) // 'waiting'
 * await clock.advance(1_000)
 * console.log(socket.status) // 'open'
 * ```
 */
export class VirtualClock implements Clock {
  #now: number
  readonly #timers = new Set<VirtualTimer>()

  /** @param startMs - The first time, in epoch milliseconds. @default 0 */
  constructor(startMs = 0) {
    this.#now = startMs
  }

  /** Number of timers that are not due yet. A socket that has disconnected leaves none. */
  get pending(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#now
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { dueAt: this.#now + Math.max(0, delayMs), run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Advances the time: runs the timers that become due in order, with promises and fake servers in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await flushMicrotasks()
    for (let next = this.#nextBy(end); next; next = this.#nextBy(end)) {
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.dueAt)
      next.run()
      await flushMicrotasks()
    }
    this.#now = Math.max(this.#now, end)
  }

  /** Sets the clock forward or back, as a user does: `now` changes, and timers still run after the same time. */
  jump(ms: number): void {
    this.#now += ms
    for (const timer of this.#timers) timer.dueAt += ms
  }

  /** The machine sleeps: time passes, and no timer runs before the next {@link advance}, when all are late. */
  sleep(ms: number): void {
    this.#now += ms
  }

  #nextBy(end: number): VirtualTimer | null {
    let first: VirtualTimer | null = null
    for (const timer of this.#timers) {
      // Of two timers that are due together, the one that was set first runs first, as with a real clock.
      if (timer.dueAt <= end && (first === null || timer.dueAt < first.dueAt)) first = timer
    }
    return first
  }
}
