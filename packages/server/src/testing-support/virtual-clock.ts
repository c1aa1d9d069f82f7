// Not the global: a turn of the real event loop is how promises are let finish, and moves no virtual time.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock, Timer } from '../io/clock'

interface Waiting {
  readonly atMs: number
  readonly run: () => void
}

/** The time of day at which each begins, in Unix milliseconds. */
const START_MS = Date.UTC(2001, 1, 3)

/**
 * A clock that stands still until it is told to move. Timers fire in the order of their time, then of their making,
 * and all that comes of one (promises, `soon`) is done before the next.
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

  /** The time of day is set forward or back; nothing else notices. */
  jump(ms: number): void {
    this.#offsetMs += ms
  }

  /** Timers that have not fired. */
  get pendingCount(): number {
    return this.#timers.size
  }

  /** Time passes while the program is busy: no timer fires. */
  elapse(ms: number): void {
    this.#nowMs += ms
  }

  /** Does all there is to do at this moment, without time passing. */
  async settle(): Promise<void> {
    do await nextTurn()
    while (this.#runDue())
  }

  /** Lets time pass, with everything that falls into it. */
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
