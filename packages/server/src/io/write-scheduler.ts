import { type Logger, logFailure } from '../log'
import type { Clock } from './clock'
import { MAX_TURN_MS } from './read-scheduler'

/** A writer that flushes after the current turn of the event loop. An error that it throws is logged. */
export interface ScheduledWriter {
  /** Flushes, and returns the number of things that it combined. */
  flush(): number
}

/** Writers that run between two readings of the clock. */
const STRIDE = 64
/** Weight of the latest run in the average cost. */
const SMOOTHING = 0.2
/** Under load, the pause after a run is this multiple of the run's time. More work accumulates meanwhile and shares a run. */
const REST = 1
/** Shortest run, in milliseconds, that is followed by a pause: timers have a resolution of one millisecond. */
const LEAST_REST_MS = 1
/** Average number of things per writer from which on the server counts as loaded. */
const LOADED = 1.5
/** Milliseconds for which the server counts as loaded after such a run. */
const LOADED_MS = 100

/**
 * Flushes scheduled writers at the end of the turn, each once, and yields to the event loop when there is much to do. One
 * timer serves all connections. An idle server adds no delay; under load there is a pause between the runs.
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

  /** Recent average cost of one flush, in milliseconds. */
  get costMs(): number {
    return this.#costMs
  }

  /**
   * Whether the caller may write at once instead of at the end of the turn. It returns true for the first caller of a turn,
   * if no run is due and there was no recent load; later writes of the turn are combined at its end.
   */
  takeTurn(): boolean {
    if (this.#isDue || this.#isTurnTaken || this.#clock.now() < this.#loadedUntilMs) return false
    this.#isTurnTaken = true
    this.#clock.soon(() => {
      this.#isTurnTaken = false
    })
    return true
  }

  /** Schedules a flush. The caller must not schedule a writer again before its `flush`. */
  schedule(writer: ScheduledWriter): void {
    this.#scheduled.push(writer)
    if (!this.#isDue) this.#scheduleRun(this.#notBeforeMs - this.#clock.now())
  }

  #scheduleRun(waitMs: number): void {
    this.#isDue = true
    if (waitMs > 0) this.#clock.after(waitMs, () => this.#run())
    else this.#clock.soon(() => this.#run())
  }

  #run(): void {
    const writers = this.#scheduled
    this.#scheduled = []
    this.#isDue = false
    const startedMs = this.#clock.now()
    let nowMs = startedMs
    let done = 0
    let things = 0
    while (done < writers.length && nowMs - startedMs < MAX_TURN_MS) {
      const until = Math.min(writers.length, done + STRIDE)
      while (done < until) things += this.#runOne(writers[done++] as ScheduledWriter)
      nowMs = this.#clock.now()
    }
    const spentMs = nowMs - startedMs
    this.#costMs += (spentMs / done - this.#costMs) * SMOOTHING
    if (done < writers.length) return this.#postpone(writers.slice(done))
    const isLoaded = things / done >= LOADED
    if (isLoaded) this.#loadedUntilMs = nowMs + LOADED_MS
    this.#notBeforeMs = isLoaded && spentMs * REST >= LEAST_REST_MS ? nowMs + spentMs * REST : 0
  }

  /** An error must not stop the run: the remaining writers believe that they are scheduled, and would never flush. (S-13) */
  #runOne(writer: ScheduledWriter): number {
    try {
      return writer.flush()
    } catch (error) {
      logFailure(this.#log, error, {}, 'writing to a connection failed')
      return 1
    }
  }

  /** The remaining writers come first in the next turn, before those scheduled meanwhile. */
  #postpone(rest: ScheduledWriter[]): void {
    this.#scheduled = rest.concat(this.#scheduled)
    if (!this.#isDue) this.#scheduleRun(0)
  }
}
