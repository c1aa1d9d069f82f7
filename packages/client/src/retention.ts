import type { Clock } from './io/clock'
import { Timer } from './timer'

/**
 * Counts those who need something, starts it for the first and stops it after the last. It stops a macrotask late:
 * whoever lets go and takes hold again at once, as React does with every component in StrictMode, has changed
 * nothing. (C-13)
 */
export class Retention {
  readonly #start: () => void
  readonly #timer: Timer
  #count = 0

  constructor(clock: Clock, start: () => void, stop: () => void) {
    this.#start = start
    this.#timer = new Timer(clock, stop)
  }

  /** Returns what lets go; calling that twice is calling it once. */
  retain(): () => void {
    this.#timer.set(null)
    this.#count += 1
    this.#start()
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#count -= 1
      if (this.#count === 0) this.#timer.set(0)
    }
  }
}
