import type { Clock } from './io/clock'
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
    const waiter = new Waiter<void>(this.#clock, this.#timeoutMs, () => this.settle([ticket], this.#late()))
    this.#byTicket.set(ticket, waiter)
    tell(ticket)
    return waiter
  }

  /** `error` null: it is done. Who waits no more is not told. */
  settle(tickets: Iterable<number>, error: unknown): void {
    for (const ticket of tickets) {
      const waiter = this.#byTicket.get(ticket)
      this.#byTicket.delete(ticket)
      if (error === null) waiter?.resolve()
      else waiter?.reject(error)
    }
  }

  rejectAll(error: unknown): void {
    this.settle([...this.#byTicket.keys()], error)
  }
}
