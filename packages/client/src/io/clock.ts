/** The time and the timers of a socket. Tests replace it. */
export interface Clock {
  /** Milliseconds since the epoch. Jumps when the system's clock is set. */
  now(): number
  /** Calls `run` once, after at least `delayMs` milliseconds. Returns a function that cancels it. */
  after(delayMs: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

/** A number from 0, below 1. */
export type Random = () => number

export const systemRandom: Random = () => Math.random()
