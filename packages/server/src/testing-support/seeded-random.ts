import type { RandomSource } from '../io/random'

/** Random numbers that are the same for the same seed (mulberry32). */
export class SeededRandom implements RandomSource {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 to below `bound`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  /** One of the items. There must be at least one. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  id(bytes: number): string {
    let text = ''
    for (let i = 0; i < bytes * 2; i++) text += this.below(16).toString(16)
    return text
  }
}
