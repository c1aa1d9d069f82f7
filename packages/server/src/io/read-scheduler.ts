import type { Clock } from './clock'

/**
 * Milliseconds for which one kind of work (reading, letting in, writing) may go on before the event loop has its turn,
 * where there is much of it.
 */
export const MAX_TURN_MS = 10

/** What reads. */
export interface Reader {
  /** Handles what has come. */
  read(chunk: Buffer): void
  /** Reads nothing more for now. */
  pause(): void
  /** Reads on. */
  resume(): void
}

/**
 * What peers have sent, handled at once as long as the turn is young, and later where it is not: when thousands write at
 * the same moment, the event loop hands all of it over in one turn, and no timer would run until it is done. Who has to
 * wait is paused, so that no more than one chunk of each is held.
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
    // Those that came meanwhile come after those that wait already.
    this.#waiting = waiting.slice(done).concat(this.#waiting)
  }
}
