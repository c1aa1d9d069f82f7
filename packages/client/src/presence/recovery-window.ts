import { ResettableTimer } from '../async/timer'
import type { Clock } from '../io/clock'

/** The time in which a server that lost its past waits for those who were there. */
export class Settling {
  // A timer, and no look at the clock: a clock that is set meanwhile would cut the wait short.
  readonly #timer: ResettableTimer
  #ms = 0

  constructor(clock: Clock) {
    this.#timer = new ResettableTimer(clock, () => {
      this.#ms = 0
    })
  }

  /** How long the server waits in all, in milliseconds; 0 once it does not. */
  get ms(): number {
    return this.#ms
  }

  /** 0: it does not wait, or we are not there to see. */
  set(ms: number): void {
    this.#ms = ms
    this.#timer.set(ms > 0 ? ms : null)
  }
}
