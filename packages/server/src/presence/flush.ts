export interface FlushOptions {
  /** Least time between two flushes of a busy topic, in milliseconds. @default 5 */
  readonly floorMs: number
  /** Most time that a change waits for its flush, in milliseconds. @default 200 */
  readonly ceilingMs: number
  /**
   * Share of one core that the flushes of one topic may take, above 0 and at most 1, until one of them costs more than
   * `ceilingMs * share`. @default 0.05
   */
  readonly share: number
}

export const DEFAULT_FLUSH: FlushOptions = { floorMs: 5, ceilingMs: 200, share: 0.05 }

/**
 * When a topic may flush next (DESIGN, "The flush"). The first change after a quiet spell need not wait; after a flush
 * that cost `c` the next one is due `c / share` after it began, between floor and ceiling. So a small topic hardly waits,
 * and fan-out takes its share of one core and no more, up to the size from which a flush costs more than
 * `ceilingMs * share` (10 ms). From there on nobody waits for longer than the ceiling, and the share grows with the topic
 * instead: a flush of 40 ms each 200 ms is a fifth of a core.
 */
export class FlushSchedule {
  readonly #options: FlushOptions
  #notBefore = 0

  constructor(options: FlushOptions) {
    this.#options = options
  }

  /** Milliseconds to wait from `nowMs` on; 0 for at once. */
  delay(nowMs: number): number {
    return Math.max(0, this.#notBefore - nowMs)
  }

  /** Notes a flush that began at `startedMs` and kept the processor busy for `costMs`. */
  flushed(startedMs: number, costMs: number): void {
    const { floorMs, ceilingMs, share } = this.#options
    this.#notBefore = startedMs + Math.min(ceilingMs, Math.max(floorMs, costMs / share))
  }
}
