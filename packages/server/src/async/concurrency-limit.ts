/** So many tasks under way at a time, and no more; the others wait, first come first served. */
export class ConcurrencyLimit {
  readonly #size: number
  #underWay = 0
  #waiting: (() => void)[] = []
  /** Those before it have been begun. */
  #head = 0

  constructor(size: number) {
    this.#size = size
  }

  /** Begins the task, which must not throw, once there is room, at once where there is; resolves or rejects as it does. */
  run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#underWay < this.#size) return this.#begin(task)
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => this.#begin(task).then(resolve, reject))
    })
  }

  #begin<T>(task: () => Promise<T>): Promise<T> {
    this.#underWay++
    const running = task()
    const over = () => {
      this.#underWay--
      this.#next()
    }
    running.then(over, over)
    return running
  }

  #next(): void {
    const begin = this.#waiting[this.#head]
    if (begin === undefined) return
    this.#head++
    // Seldom, so that a long line does not cost its length for each who leaves it.
    if (this.#head * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#head)
      this.#head = 0
    }
    begin()
  }
}

/** Does something with each item, at most `width` at a time. Rejects with the first failure, when no more are begun. */
export async function forEachLimited<T>(
  items: Iterable<T>,
  width: number,
  act: (item: T) => Promise<unknown>,
): Promise<void> {
  const rest = [...items]
  let next = 0
  const work = async () => {
    while (next < rest.length) {
      const item = rest[next++] as T
      try {
        await act(item)
      } catch (error) {
        next = rest.length
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, rest.length) }, work))
}
