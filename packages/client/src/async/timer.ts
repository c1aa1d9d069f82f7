import type { Clock } from '../io/clock'
import { type Tickets, ticketsOf } from './tickets'

/** A timer that is either set or cleared. Performs a machine's effect `setTimer`. */
export class ResettableTimer {
  readonly #clock: Clock
  readonly #due: () => void
  #cancel: (() => void) | null = null

  constructor(clock: Clock, due: () => void) {
    this.#clock = clock
    this.#due = due
  }

  /** Replaces the running timer. `null` clears it. */
  set(delayMs: number | null): void {
    this.#cancel?.()
    this.#cancel =
      delayMs === null
        ? null
        : this.#clock.after(delayMs, () => {
            this.#cancel = null
            this.#due()
          })
  }
}

/** A promise that its owner settles, with a timeout. */
export class PendingResult<T> {
  readonly promise: Promise<T>
  readonly #timer: ResettableTimer
  #resolve: (value: T) => void = () => {}
  #reject: (error: unknown) => void = () => {}

  /** @param timeoutMs - Null for none: the owner must settle it. */
  constructor(clock: Clock, timeoutMs: number | null, timedOut: () => void = () => {}) {
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#timer = new ResettableTimer(clock, timedOut)
    this.#timer.set(timeoutMs)
  }

  resolve(value: T): void {
    this.#timer.set(null)
    this.#resolve(value)
  }

  reject(error: unknown): void {
    this.#timer.set(null)
    this.#reject(error)
  }

  /** For a failure that is also reported elsewhere: without `await`, it is no unhandled rejection. */
  markHandled(): this {
    this.promise.catch(() => {})
    return this
  }
}

/** Callers that a machine settles by their tickets. All have the same timeout. */
export class PendingResults {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #timeoutError: () => unknown
  readonly #byTicket = new Map<number, PendingResult<void>>()
  #lastTicket = 0

  /** @param timeoutError - Makes the error of a caller that waited for `timeoutMs`. */
  constructor(clock: Clock, timeoutMs: number, timeoutError: () => unknown) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#timeoutError = timeoutError
  }

  /** Adds a caller, and calls `start` with its ticket. */
  add(start: (ticket: number) => void): PendingResult<void> {
    const ticket = ++this.#lastTicket
    const result = new PendingResult<void>(this.#clock, this.#timeoutMs, () =>
      this.settle(ticketsOf(ticket), this.#timeoutError()),
    )
    this.#byTicket.set(ticket, result)
    start(ticket)
    return result
  }

  /** Resolves the callers if `error` is null, and rejects them otherwise. Skips those that have timed out. */
  settle(tickets: Tickets, error: unknown): void {
    for (const { first, last } of tickets) {
      // Tickets ascend, so none below the oldest waiting one is left.
      const [oldest = last + 1] = this.#byTicket.keys()
      for (let ticket = Math.max(first, oldest); ticket <= last; ticket++) this.#settle(ticket, error)
    }
  }

  rejectAll(error: unknown): void {
    for (const ticket of [...this.#byTicket.keys()]) this.#settle(ticket, error)
  }

  #settle(ticket: number, error: unknown): void {
    const result = this.#byTicket.get(ticket)
    this.#byTicket.delete(ticket)
    if (error === null) result?.resolve()
    else result?.reject(error)
  }
}

/**
 * Runs a function after the current code has returned. Does not use `queueMicrotask`, which fake timers replace: the
 * function would wait until a test advances them. (C-49)
 */
export function inMicrotask(run: () => void): void {
  void Promise.resolve().then(run)
}
