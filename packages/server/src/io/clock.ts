/** The longest delay of a timer, in milliseconds. A timer with a longer delay would fire at once. */
export const LONGEST_DELAY_MS = 2 ** 31 - 1

/** A running timer. Cancelling it twice, or after it fired, has no effect. */
export interface Timer {
  cancel(): void
}

/** The server's source of time. Tests pass a virtual clock. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start. */
  now(): number
  /** The time of day in Unix milliseconds, which can jump. */
  timeMs(): number
  /** Runs once after `delayMs`. */
  after(delayMs: number, run: () => void): Timer
  /** Runs after the event loop has read all input of this turn. */
  soon(run: () => void): void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  timeMs: () => Date.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs)
    return { cancel: () => clearTimeout(handle) }
  },
  soon: (run) => void setImmediate(run),
}
