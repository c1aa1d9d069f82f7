/*
 *   histories of topics             heap, by bytes
 *   push, clear, end  -> resize()   the largest history is on top
 *   push              -> evict()    while the sum exceeds the limit, the one on top drops its oldest diff
 *
 * The largest history shrinks first. A client that fills many topics with changes therefore takes space from those topics,
 * and a quiet, smaller topic keeps its history. Dropping the oldest diff of the node, or the history of the quietest
 * topic, would hit the quiet topic first. A returning client whose history is gone receives a whole state. (S-7)
 */

/** The index of an empty history. */
const NOWHERE = -1

/** One history's part of the budget. Only {@link HistoryBudget} changes it. */
export class HistoryUsage {
  bytes = 0
  heapIndex = NOWHERE
  readonly evictOldest: () => void

  constructor(evictOldest: () => void) {
    this.evictOldest = evictOldest
  }
}

/** Bounds the histories of one node together. Each change costs O(log n) for n histories that are not empty. */
export class HistoryBudget {
  readonly #maxBytes: number
  /** The histories that are not empty. None is larger than its parent. */
  readonly #heap: HistoryUsage[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Approximate bytes of all histories; within the limit after {@link evict}. */
  get bytes(): number {
    return this.#bytes
  }

  /** Creates the usage of one history. `evictOldest` must make the history smaller and call {@link resize}. */
  open(evictOldest: () => void): HistoryUsage {
    return new HistoryUsage(evictOldest)
  }

  /** Sets a history's bytes. An empty history costs nothing until it grows again. */
  resize(usage: HistoryUsage, bytes: number): void {
    this.#bytes += bytes - usage.bytes
    usage.bytes = bytes
    if (bytes === 0) return this.#remove(usage)
    if (usage.heapIndex === NOWHERE) this.#put(usage, this.#heap.length)
    this.#sift(usage)
  }

  /** Drops diffs until the sum is within the limit. */
  evict(): void {
    while (this.#bytes > this.#maxBytes) this.#heap[0]?.evictOldest()
  }

  #remove(usage: HistoryUsage): void {
    const { heapIndex } = usage
    if (heapIndex === NOWHERE) return
    usage.heapIndex = NOWHERE
    const last = this.#heap.pop()
    if (!last || last === usage) return
    this.#put(last, heapIndex)
    this.#sift(last)
  }

  /** Moves a history up past smaller ones, or down past larger ones. */
  #sift(usage: HistoryUsage): void {
    for (let other = this.#above(usage); other && other.bytes < usage.bytes; other = this.#above(usage))
      this.#swap(usage, other)
    for (let other = this.#below(usage); other && other.bytes > usage.bytes; other = this.#below(usage))
      this.#swap(usage, other)
  }

  #above({ heapIndex }: HistoryUsage): HistoryUsage | undefined {
    return heapIndex === 0 ? undefined : this.#heap[(heapIndex - 1) >> 1]
  }

  /** The larger of its two children. */
  #below({ heapIndex }: HistoryUsage): HistoryUsage | undefined {
    const left = this.#heap[2 * heapIndex + 1]
    const right = this.#heap[2 * heapIndex + 2]
    return left && right && right.bytes > left.bytes ? right : left
  }

  #swap(one: HistoryUsage, other: HistoryUsage): void {
    const { heapIndex } = one
    this.#put(one, other.heapIndex)
    this.#put(other, heapIndex)
  }

  #put(usage: HistoryUsage, place: number): void {
    this.#heap[place] = usage
    usage.heapIndex = place
  }
}
