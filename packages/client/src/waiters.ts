import type { Clock } from './io/clock'
import { type Tickets, ticketsOf } from './machine/tickets'
import { Waiter } from './timer'

/** Those who wait for what a machine settles by their tickets, each with the same deadline. */
export class Waiters {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #late: () => unknown
  readonly #byTicket = new Map<number, Waiter<void>>()
  #lastTicket = 0

  /** @param late makes the error of who has waited for `timeoutMs`. */
  constructor(clock: Clock, timeoutMs: number, late: () => unknown) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#late = late
  }

  /** One more, known to the machine by the ticket before it can be settled. */
  add(tell: (ticket: number) => void): Waiter<void> {
    const ticket = ++this.#lastTicket
    const waiter = new Waiter<void>(this.#clock, this.#timeoutMs, () =>
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
