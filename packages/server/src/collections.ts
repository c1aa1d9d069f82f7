/** Marks a missing first entry, because `undefined` may be a key. */
const NONE = Symbol('none')

/**
 * A map for mostly zero or one entry: most sessions are in one topic. The first entry needs no table, which saves some two
 * hundred bytes per session; further entries are in a Map. The order of entries is unspecified.
 */
export class SmallMap<K, V> {
  #key: K | typeof NONE = NONE
  #value: V | undefined = undefined
  #rest: Map<K, V> | null = null

  get size(): number {
    return (this.#key === NONE ? 0 : 1) + (this.#rest?.size ?? 0)
  }

  get(key: K): V | undefined {
    return key === this.#key ? this.#value : this.#rest?.get(key)
  }

  has(key: K): boolean {
    return key === this.#key || (this.#rest?.has(key) ?? false)
  }

  set(key: K, value: V): void {
    if (key === this.#key || this.size === 0) {
      this.#key = key
      this.#value = value
      return
    }
    this.#rest ??= new Map()
    this.#rest.set(key, value)
  }

  /** Removes an entry, and returns whether it existed. */
  delete(key: K): boolean {
    if (key !== this.#key) return this.#rest?.delete(key) ?? false
    this.#key = NONE
    this.#value = undefined
    return true
  }

  clear(): void {
    this.#key = NONE
    this.#value = undefined
    this.#rest = null
  }

  *entries(): IterableIterator<[K, V]> {
    if (this.#key !== NONE) yield [this.#key, this.#value as V]
    if (this.#rest) yield* this.#rest.entries()
  }

  /** Returns a copy, so that the map may change during iteration. */
  keys(): K[] {
    return [...this.entries()].map(([key]) => key)
  }

  /** Returns a copy, as {@link keys} does. */
  values(): V[] {
    return [...this.entries()].map(([, value]) => value)
  }
}

/** Interval between two sweeps, in milliseconds. */
const SWEEP_MS = 10_000

/**
 * A map from names, such as accounts or addresses, to values. Reading it sweeps out values that are spent, which means that
 * they are equivalent to no value.
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

/** Counts per key; a key is removed at zero. */
export class KeyCounts {
  readonly #counts = new Map<string, number>()

  /** Number of keys with a count above zero. */
  get size(): number {
    return this.#counts.size
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  add(name: string, count = 1): void {
    this.#counts.set(name, this.of(name) + count)
  }

  remove(name: string): void {
    const left = this.of(name) - 1
    if (left > 0) this.#counts.set(name, left)
    else this.#counts.delete(name)
  }
}
