import type { Clock } from '../io/clock'

/** More than any chain of promises in here is long. */
const TURNS = 100

/** Lets everything that waits in the microtask queue run, and what that sets going. */
export async function flushMicrotasks(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await Promise.resolve()
}

interface VirtualTimer {
  dueAt: number
  readonly run: () => void
}

/**
 * Time that stands still until it is told to go on. Give it to a socket as `clock`, and no test has to wait for a
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

  /** @param startMs - Epoch milliseconds to begin at. @default 0 */
  constructor(startMs = 0) {
    this.#now = startMs
  }

  /** Timers that are set and not yet due. None is left of a socket that has disconnected. */
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

  /** Lets that much time pass: runs what falls due, in order, and lets promises and fake servers react in between. */
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

  /** Sets the clock forward or back, as a user does: `now` differs, and timers run for as long as they would have. */
  jump(ms: number): void {
    this.#now += ms
    for (const timer of this.#timers) timer.dueAt += ms
  }

  /** The machine sleeps: time passes, and nothing runs before the next {@link advance}, when everything is late. */
  sleep(ms: number): void {
    this.#now += ms
  }

  #nextBy(end: number): VirtualTimer | null {
    let first: VirtualTimer | null = null
    for (const timer of this.#timers) {
      // Of two that are due together, the one that was set first, as a real clock does.
      if (timer.dueAt <= end && (first === null || timer.dueAt < first.dueAt)) first = timer
    }
    return first
  }
}
