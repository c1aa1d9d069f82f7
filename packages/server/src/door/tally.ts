/** How many there are of each. What there is none of is forgotten. */
export class Tally {
  readonly #counts = new Map<string, number>()

  /** Of how many there are any. */
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
