// Not the global one: promises settle in turns of the real event loop, which move no virtual time.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock, Timer } from '../io/clock'

interface Waiting {
  readonly atMs: number
  readonly run: () => void
}

/** The time of day at the start, in Unix milliseconds. */
const START_MS = Date.UTC(2001, 1, 3)

/**
 * A clock that stands still until a test moves it. Timers fire in the order of their time, then of their creation. All
 * effects of one (promises, `soon`) finish before the next.
 */
export class VirtualClock implements Clock {
  #nowMs = 0
  #offsetMs = 0
  #soon: (() => void)[] = []
  readonly #timers = new Set<Waiting>()

  now(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): Timer {
    const timer: Waiting = { atMs: this.#nowMs + delayMs, run }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  soon(run: () => void): void {
    this.#soon.push(run)
  }

  timeMs(): number {
    return START_MS + this.#nowMs + this.#offsetMs
  }

  /** Sets the time of day forward or back. Timers do not notice. */
  jump(ms: number): void {
    this.#offsetMs += ms
  }

  /** Timers that have not fired. */
  get pendingCount(): number {
    return this.#timers.size
  }

  /** Lets time pass without firing timers, as if the program was busy. */
  elapse(ms: number): void {
    this.#nowMs += ms
  }

  /** Finishes all pending work without letting time pass. */
  async settle(): Promise<void> {
    do await nextTurn()
    while (this.#runDue())
  }

  /** Lets time pass and fires its timers. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await this.settle()
    for (let next = this.#next(); next && next.atMs <= untilMs; next = this.#next()) {
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      await this.settle()
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs)
  }

  #runDue(): boolean {
    const soon = this.#soon
    this.#soon = []
    for (const run of soon) run()
    if (soon.length > 0) return true
    const next = this.#next()
    if (!next || next.atMs > this.#nowMs) return false
    this.#timers.delete(next)
    next.run()
    return true
  }

  #next(): Waiting | null {
    let first: Waiting | null = null
    for (const timer of this.#timers) if (!first || timer.atMs < first.atMs) first = timer
    return first
  }
}
