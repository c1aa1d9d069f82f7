import { nextTatMs, type Pace, waitMsOf } from '../gcra'

/** Between two looks for those that have been quiet for long enough. */
const SWEEP_MS = 10_000

/** The same pace for each of many. Who has been quiet long enough is as good as new, and is forgotten. */
export class Paces {
  readonly #pace: Pace
  readonly #tatMs = new Map<string, number>()
  #sweptMs = 0

  constructor(pace: Pace) {
    this.#pace = pace
  }

  get size(): number {
    return this.#tatMs.size
  }

  /** Milliseconds until one more of this name may come; 0 or less for now. */
  waitMsOf(name: string, nowMs: number): number {
    return waitMsOf(this.#tatMs.get(name) ?? 0, nowMs, this.#pace)
  }

  /** One more has come. */
  take(name: string, nowMs: number): void {
    if (nowMs - this.#sweptMs >= SWEEP_MS) this.#sweep(nowMs)
    this.#tatMs.set(name, nextTatMs(this.#tatMs.get(name) ?? 0, nowMs, this.#pace))
  }

  #sweep(nowMs: number): void {
    this.#sweptMs = nowMs
    for (const [name, tatMs] of this.#tatMs) if (tatMs <= nowMs) this.#tatMs.delete(name)
  }
}
