import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How long the event loop was held up, in ms. */
export interface LoopDelay {
  readonly maxMs: number
  readonly p99Ms: number
}

const TICK_MS = 5

/** Watches this process's event loop. */
export class LoopWatch {
  readonly #histogram = monitorEventLoopDelay({ resolution: TICK_MS })

  constructor() {
    this.#histogram.enable()
  }

  reset(): void {
    this.#histogram.reset()
  }

  read(): LoopDelay {
    // Node's histogram holds the time from one tick to the next, and a tick on time is no delay. Bun's holds delays.
    const tickMs = process.versions.bun ? 0 : TICK_MS
    const beyondTick = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - tickMs)
    return { maxMs: beyondTick(this.#histogram.max), p99Ms: beyondTick(this.#histogram.percentile(99)) }
  }
}
