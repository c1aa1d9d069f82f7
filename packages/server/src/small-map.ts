/** Marks that there is no first entry; `undefined` may be a key. */
const NONE = Symbol('none')

/**
 * A map that mostly has one entry or none, as most sessions are in one topic: that one needs no table, which would take
 * some two hundred bytes for each of very many sessions. Beyond one it is a Map. No order is promised.
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

  /** Whether it was there. */
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

  /** A copy, so that the map may change while it is gone through. */
  keys(): K[] {
    return [...this.entries()].map(([key]) => key)
  }

  /** A copy, as {@link keys} is. */
  values(): V[] {
    return [...this.entries()].map(([, value]) => value)
  }
}
