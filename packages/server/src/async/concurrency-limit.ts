/**
 * Runs at most `size` tasks at a time; the others wait in order. It is not `p-limit`, because that starts a task one
 * microtask later, which would change the order of commands, and because {@link forEachLimited} stops after a failure.
 */
export class ConcurrencyLimit {
  readonly #size: number
  #running = 0
  #waiting: (() => void)[] = []
  /** Index of the first task in `#waiting` that has not started. */
  #head = 0

  constructor(size: number) {
    this.#size = size
  }

  /** Starts the task, which must not throw, now or when a place is free. Settles as the task does. */
  run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running < this.#size) return this.#begin(task)
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => this.#begin(task).then(resolve, reject))
    })
  }

  #begin<T>(task: () => Promise<T>): Promise<T> {
    this.#running++
    const running = task()
    const onSettled = () => {
      this.#running--
      this.#next()
    }
    running.then(onSettled, onSettled)
    return running
  }

  #next(): void {
    const begin = this.#waiting[this.#head]
    if (begin === undefined) return
    this.#head++
    // Cut only when half of the list is done: cutting for each task would cost the list's length every time.
    if (this.#head * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#head)
      this.#head = 0
    }
    begin()
  }
}

/** Calls `act` for each item, at most `width` at a time. Rejects with the first failure, and then starts no more. */
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
