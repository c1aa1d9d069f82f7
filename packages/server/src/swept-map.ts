/** Milliseconds between two sweeps. */
const SWEEP_MS = 10_000

/**
 * A value for each of many names, such as accounts or addresses. A value that no longer says more than none would is
 * dropped by a sweep, which runs as the map is read.
 */
export class SweptMap<V> {
  readonly #isSpent: (value: V, nowMs: number) => boolean
  readonly #values = new Map<string, V>()
  #sweptMs = 0

  constructor(isSpent: (value: V, nowMs: number) => boolean) {
    this.#isSpent = isSpent
  }

  get size(): number {
    return this.#values.size
  }

  get(name: string, nowMs: number): V | undefined {
    if (nowMs - this.#sweptMs >= SWEEP_MS) this.#sweep(nowMs)
    return this.#values.get(name)
  }

  set(name: string, value: V): void {
    this.#values.set(name, value)
  }

  #sweep(nowMs: number): void {
    this.#sweptMs = nowMs
    for (const [name, value] of this.#values) if (this.#isSpent(value, nowMs)) this.#values.delete(name)
  }
}
