/** Runs tasks one after the other, and lets a bounded number of them wait. An idle queue runs a task synchronously. */
export class SerialQueue {
  readonly #maxWaiting: number
  /** Created only when a task has to wait. */
  #waiting: (() => void | Promise<void>)[] | null = null
  #isBusy = false

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting
  }

  /** Adds a task, which must not throw or reject. Returns false, and drops it, when the queue is full. */
  push(task: () => void | Promise<void>): boolean {
    if (this.#isBusy) {
      this.#waiting ??= []
      if (this.#waiting.length >= this.#maxWaiting) return false
      this.#waiting.push(task)
      return true
    }
    this.#run(task)
    return true
  }

  #run(task: () => void | Promise<void>): void {
    this.#isBusy = true
    const running = task()
    if (running !== undefined) void running.then(() => this.#next())
    else this.#next()
  }

  #next(): void {
    this.#isBusy = false
    const task = this.#waiting?.shift()
    if (task) this.#run(task)
    else this.#waiting = null
  }
}
