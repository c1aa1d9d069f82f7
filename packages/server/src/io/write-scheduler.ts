import { type Logger, logFailure } from '../log'
import type { Clock } from './clock'
import { MAX_TURN_MS } from './read-scheduler'

/** Something that has work to do once the present turn of the event loop is over. Where it throws, that is logged. */
export interface ScheduledWriter {
  /** How many things it had to do, which another turn would have done one by one. */
  flush(): number
}

/** How many are run between two looks at the clock. */
const STRIDE = 64
/** Weight of the latest slice in the average cost. */
const SMOOTHING = 0.2
/** Under load the next run comes so much of the last one's time after it. More comes together meanwhile, and shares it. */
const REST = 1
/** Milliseconds that a run has to take before that is worth it, as a timer counts whole ones. */
const LEAST_REST_MS = 1
/** Things for each that was run, on average, from which on there is load. With one thing each nothing waits. */
const LOADED = 1.5
/** Milliseconds for which that is remembered. */
const LOADED_MS = 100

/**
 * Runs what was marked, each once, at the end of the turn, and lets the event loop have its turn where there is much of
 * it. One timer for all, instead of one for each connection. When quiet, nothing waits; under load the runs are spaced.
 */
export class WriteScheduler {
  readonly #clock: Clock
  readonly #log: Logger
  #scheduled: ScheduledWriter[] = []
  #isDue = false
  #costMs = 0
  #notBeforeMs = 0
  #loadedUntilMs = 0
  #isTurnTaken = false

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  /** What one run of a marked thing has cost of late, in milliseconds. */
  get costMs(): number {
    return this.#costMs
  }

  /**
   * Whether something may be written at once, instead of at the end of the turn: the first of a turn, where nothing is due
   * and there was no load of late. What follows in the same turn comes together at its end.
   */
  takeTurn(): boolean {
    if (this.#isDue || this.#isTurnTaken || this.#clock.now() < this.#loadedUntilMs) return false
    this.#isTurnTaken = true
    this.#clock.soon(() => {
      this.#isTurnTaken = false
    })
    return true
  }

  /** To be marked once until its `onTick`; whoever marks keeps note of that. */
  schedule(ticked: ScheduledWriter): void {
    this.#scheduled.push(ticked)
    if (!this.#isDue) this.#scheduleRun(this.#notBeforeMs - this.#clock.now())
  }

  #scheduleRun(waitMs: number): void {
    this.#isDue = true
    if (waitMs > 0) this.#clock.after(waitMs, () => this.#run())
    else this.#clock.soon(() => this.#run())
  }

  #run(): void {
    const marked = this.#scheduled
    this.#scheduled = []
    this.#isDue = false
    const startedMs = this.#clock.now()
    let nowMs = startedMs
    let done = 0
    let things = 0
    while (done < marked.length && nowMs - startedMs < MAX_TURN_MS) {
      const until = Math.min(marked.length, done + STRIDE)
      while (done < until) things += this.#runOne(marked[done++] as ScheduledWriter)
      nowMs = this.#clock.now()
    }
    const spentMs = nowMs - startedMs
    this.#costMs += (spentMs / done - this.#costMs) * SMOOTHING
    if (done < marked.length) return this.#postpone(marked.slice(done))
    const isLoaded = things / done >= LOADED
    if (isLoaded) this.#loadedUntilMs = nowMs + LOADED_MS
    this.#notBeforeMs = isLoaded && spentMs * REST >= LEAST_REST_MS ? nowMs + spentMs * REST : 0
  }

  /**
   * One that fails must not take the rest with it: whoever waits is marked once, and would never be marked again. (S-13)
   */
  #runOne(ticked: ScheduledWriter): number {
    try {
      return ticked.flush()
    } catch (error) {
      logFailure(this.#log, error, {}, 'writing to a connection failed')
      return 1
    }
  }

  /** Those that were not reached come first in the next turn, before whoever was marked meanwhile. */
  #postpone(rest: ScheduledWriter[]): void {
    this.#scheduled = rest.concat(this.#scheduled)
    if (!this.#isDue) this.#scheduleRun(0)
  }
}
