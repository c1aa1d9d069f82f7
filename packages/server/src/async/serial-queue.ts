/** Does one thing after the other, at once where nothing is under way, and holds a bounded number that wait. */
export class SerialQueue {
  readonly #maxWaiting: number
  /** Made when somebody has to wait. */
  #waiting: (() => void | Promise<void>)[] | null = null
  #isBusy = false

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting
  }

  /** Takes a task, which must not throw or reject. False where too many wait already; then it is not run. */
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
