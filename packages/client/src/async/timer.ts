import type { Clock } from '../io/clock'
import { type Tickets, ticketsOf } from './tickets'

/** One timer that is set anew or cleared, never doubled: what a machine's `timer` effect speaks to. */
export class ResettableTimer {
  readonly #clock: Clock
  readonly #due: () => void
  #cancel: (() => void) | null = null

  constructor(clock: Clock, due: () => void) {
    this.#clock = clock
    this.#due = due
  }

  /** Due in that many milliseconds and not before; `null` for never. */
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

/** A promise with a deadline. Whoever makes it says what happens when that passes. Settles once. */
export class PendingResult<T> {
  readonly promise: Promise<T>
  readonly #timer: ResettableTimer
  #resolve: (value: T) => void = () => {}
  #reject: (error: unknown) => void = () => {}

  /** `timeoutMs` null: somebody else sees to it that it ends. */
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

  /** For a promise whose failure is also told elsewhere: nobody has to await it. */
  markHandled(): this {
    this.promise.catch(() => {})
    return this
  }
}

/** Those who wait for what a machine settles by their tickets, each with the same deadline. */
export class PendingResults {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #late: () => unknown
  readonly #byTicket = new Map<number, PendingResult<void>>()
  #lastTicket = 0

  /** @param late makes the error of who has waited for `timeoutMs`. */
  constructor(clock: Clock, timeoutMs: number, late: () => unknown) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#late = late
  }

  /** One more, known to the machine by the ticket before it can be settled. */
  add(tell: (ticket: number) => void): PendingResult<void> {
    const ticket = ++this.#lastTicket
    const waiter = new PendingResult<void>(this.#clock, this.#timeoutMs, () =>
      this.settle(ticketsOf(ticket), this.#late()),
    )
    this.#byTicket.set(ticket, waiter)
    tell(ticket)
    return waiter
  }

  /** `error` null: it is done. Callers who have stopped waiting are skipped. */
  settle(tickets: Tickets, error: unknown): void {
    for (const { first, last } of tickets) {
      // Tickets ascend, so before the oldest that waits there is nobody to look for.
      const [oldest = last + 1] = this.#byTicket.keys()
      for (let ticket = Math.max(first, oldest); ticket <= last; ticket++) this.#settle(ticket, error)
    }
  }

  rejectAll(error: unknown): void {
    for (const ticket of [...this.#byTicket.keys()]) this.#settle(ticket, error)
  }

  #settle(ticket: number, error: unknown): void {
    const waiter = this.#byTicket.get(ticket)
    this.#byTicket.delete(ticket)
    if (error === null) waiter?.resolve()
    else waiter?.reject(error)
  }
}

/**
 * Runs a function once the present one has returned. Not by `queueMicrotask`: fake timers replace it, and whatever
 * waited for it would wait until a test advances them. Nothing replaces the promise's own queue. (C-49)
 */
export function inMicrotask(run: () => void): void {
  void Promise.resolve().then(run)
}
