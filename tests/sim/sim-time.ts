import type { Clock as ClientClock } from '@rollcall/client'
import type { Clock as ServerClock } from '../../packages/server/src/io/clock'

/*
 *   SimTime: one queue of everything that is to happen, in the order of its time
 *      |-- ProcessTime     what one process sees of it: its own clock, and an end after which nothing of it runs
 *             |-- asServer(), asClient()
 */

interface Task {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
  isCancelled: boolean
}

/** Time that stands still until it is told to go on. */
export class SimTime {
  nowMs = 0
  #order = 0
  #tasks: Task[] = []

  after(delayMs: number, run: () => void): () => void {
    const task: Task = {
      atMs: this.nowMs + Math.max(0, delayMs),
      order: this.#order++,
      run,
      isCancelled: false,
    }
    this.#tasks.push(task)
    return () => {
      task.isCancelled = true
    }
  }

  /** Lets time pass: runs what falls due, in order, and lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    const endMs = this.nowMs + ms
    await turn()
    for (let task = this.#takeDue(endMs); task; task = this.#takeDue(endMs)) {
      this.nowMs = Math.max(this.nowMs, task.atMs)
      task.run()
      await turn()
    }
    this.nowMs = endMs
  }

  #takeDue(endMs: number): Task | null {
    let first: Task | null = null
    const live: Task[] = []
    for (const task of this.#tasks) {
      if (task.isCancelled) continue
      live.push(task)
      if (task.atMs > endMs) continue
      if (!first || task.atMs < first.atMs || (task.atMs === first.atMs && task.order < first.order))
        first = task
    }
    this.#tasks = first ? live.filter((task) => task !== first) : live
    return first
  }
}

/** One process's share of the time. Once it has ended, nothing of it runs any more, as after a kill. */
export class ProcessTime {
  readonly #time: SimTime
  #offsetMs = 0
  #isEnded = false

  constructor(time: SimTime) {
    this.#time = time
  }

  end(): void {
    this.#isEnded = true
  }

  /** Its clock of the day is set forward or back; timers and monotonic time go on as they were. */
  jump(ms: number): void {
    this.#offsetMs += ms
  }

  after(delayMs: number, run: () => void): () => void {
    return this.#time.after(delayMs, () => {
      if (!this.#isEnded) run()
    })
  }

  asServer(): ServerClock {
    return {
      now: () => this.#time.nowMs,
      timeMs: () => this.#time.nowMs + this.#offsetMs,
      after: (delayMs, run) => ({ cancel: this.after(delayMs, run) }),
      soon: (run) => void this.after(0, run),
    }
  }

  asClient(): ClientClock {
    return {
      now: () => this.#time.nowMs + this.#offsetMs,
      after: (delayMs, run) => this.after(delayMs, run),
    }
  }
}

/** Lets every promise that can settle do so. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
