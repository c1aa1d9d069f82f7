import type { Clock } from './clock'

/** Milliseconds that one kind of work (reading or writing) may take before it yields to the event loop. */
export const MAX_TURN_MS = 10

/** A wire that reads from a socket. */
export interface Reader {
  /** Handles a chunk. */
  read(chunk: Buffer): void
  pause(): void
  resume(): void
}

/**
 * Handles incoming chunks at once while the turn is shorter than {@link MAX_TURN_MS}, and defers the rest. When thousands
 * of clients write at the same moment, the event loop delivers everything in one turn, and timers would be late. A reader
 * with a deferred chunk is paused, so that at most one chunk per reader is held.
 */
export class ReadScheduler {
  readonly #clock: Clock
  #waiting: { readonly reader: Reader; readonly chunk: Buffer }[] = []
  #turnStartedMs: number | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  schedule(reader: Reader, chunk: Buffer): void {
    if (this.#waiting.length === 0 && this.#hasTime()) return reader.read(chunk)
    reader.pause()
    this.#waiting.push({ reader, chunk })
  }

  #hasTime(): boolean {
    const nowMs = this.#clock.now()
    if (this.#turnStartedMs === null) {
      this.#turnStartedMs = nowMs
      this.#clock.soon(() => this.#endTurn())
    }
    return nowMs - this.#turnStartedMs < MAX_TURN_MS
  }

  #endTurn(): void {
    this.#turnStartedMs = null
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    let done = 0
    while (done < waiting.length && this.#hasTime()) {
      const { reader, chunk } = waiting[done++] as (typeof waiting)[number]
      reader.read(chunk)
      reader.resume()
    }
    // Chunks that arrived meanwhile go behind those that already wait.
    this.#waiting = waiting.slice(done).concat(this.#waiting)
  }
}
