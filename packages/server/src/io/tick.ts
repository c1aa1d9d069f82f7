import type { Clock } from './clock'

/** Something that has work to do once the present turn of the event loop is over. */
export interface Ticked {
  onTick(): void
}

/** Milliseconds that one run may take before input is read again. */
const SLICE_MS = 10
/** How many are run between two looks at the clock. */
const STRIDE = 64
/** Weight of the latest slice in the average cost. */
const SMOOTHING = 0.2

/**
 * Runs what was marked, each once, at the end of the turn, and lets the event loop have its turn where there is much of
 * it. One timer for all, instead of one for each connection.
 */
export class Tick {
  readonly #clock: Clock
  #marked: Ticked[] = []
  #isDue = false
  #costMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What one run of a marked thing has cost of late, in milliseconds. */
  get costMs(): number {
    return this.#costMs
  }

  /** To be marked once until its `onTick`; whoever marks keeps note of that. */
  mark(ticked: Ticked): void {
    this.#marked.push(ticked)
    if (this.#isDue) return
    this.#isDue = true
    this.#clock.soon(() => this.#run())
  }

  #run(): void {
    const marked = this.#marked
    this.#marked = []
    this.#isDue = false
    const startedMs = this.#clock.now()
    let nowMs = startedMs
    let done = 0
    while (done < marked.length && nowMs - startedMs < SLICE_MS) {
      const until = Math.min(marked.length, done + STRIDE)
      while (done < until) (marked[done++] as Ticked).onTick()
      nowMs = this.#clock.now()
    }
    this.#costMs += ((nowMs - startedMs) / done - this.#costMs) * SMOOTHING
    if (done < marked.length) this.#postpone(marked.slice(done))
  }

  /** Those that were not reached come first in the next turn, before whoever was marked meanwhile. */
  #postpone(rest: Ticked[]): void {
    this.#marked = rest.concat(this.#marked)
    if (this.#isDue) return
    this.#isDue = true
    this.#clock.soon(() => this.#run())
  }
}
