/** Time, as a socket sees it. Injected, so that tests own it. */
export interface Clock {
  /** Milliseconds since the epoch. May jump when the system's clock is set. */
  now(): number
  /** Calls `run` once, `delayMs` milliseconds from now at the earliest. Returns what cancels it. */
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
