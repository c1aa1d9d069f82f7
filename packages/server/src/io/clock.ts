/** What a timer can wait, in milliseconds; it fires at once where it is told to wait longer. */
export const LONGEST_DELAY_MS = 2 ** 31 - 1

/** A timer that can be called off. Calling it off twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void
}

/** Time, as far as the server knows it. Tests pass a virtual one. */
export interface Clock {
  /** Milliseconds that only ever grow; not the time of day, which can jump. */
  now(): number
  /** The time of day in Unix milliseconds, which can jump. */
  timeMs(): number
  /** Runs once after `delayMs`. */
  after(delayMs: number, run: () => void): Timer
  /** Runs once all input of this turn of the event loop has been read. */
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
