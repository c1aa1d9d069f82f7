import type { Clock } from './io/clock'

/** One timer that is set anew or cleared, never doubled: what a machine's `timer` effect speaks to. */
export class Timer {
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
export class Waiter<T> {
  readonly promise: Promise<T>
  readonly #timer: Timer
  #resolve: (value: T) => void = () => {}
  #reject: (error: unknown) => void = () => {}

  /** `timeoutMs` null: somebody else sees to it that it ends. */
  constructor(clock: Clock, timeoutMs: number | null, timedOut: () => void = () => {}) {
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#timer = new Timer(clock, timedOut)
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
