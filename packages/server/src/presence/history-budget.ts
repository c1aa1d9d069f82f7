/*
 *   histories of topics             heap, by bytes
 *   push, clear, end  -> resize()   the share that holds most is on top
 *   push              -> fit()      while the sum is above the limit, the one on top loses its oldest diff
 *
 * Who holds most gives first. So somebody who fills many topics with changes takes the room from these, and a quiet room
 * that holds less than each of them keeps all of its history. To drop whatever is oldest on the node, or the history of
 * the topic that was quiet for longest, would take from that room first. What is lost costs a whole state where somebody
 * comes back, and nothing else. (S-7)
 */

/** The place of a share that holds nothing. */
const NOWHERE = -1

/** What one history holds of the budget. Only {@link HistoryBudget} writes to it. */
export class HistoryUsage {
  bytes = 0
  /** Its place in the heap. */
  heapIndex = NOWHERE
  readonly evictOldest: () => void

  constructor(dropOldest: () => void) {
    this.evictOldest = dropOldest
  }
}

/** How much the histories of one node hold together. Each change costs O(log n) of n histories that hold something. */
export class HistoryBudget {
  readonly #maxBytes: number
  /** Those that hold something. None holds more than the one above it. */
  readonly #heap: HistoryUsage[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** What all of them hold, about. After {@link evict} no more than the limit. */
  get bytes(): number {
    return this.#bytes
  }

  /** A share for one history. It is forgotten by itself while it holds nothing. `dropOldest` has to make it smaller. */
  open(dropOldest: () => void): HistoryUsage {
    return new HistoryUsage(dropOldest)
  }

  /** The history holds so many bytes from now on. */
  resize(share: HistoryUsage, bytes: number): void {
    this.#bytes += bytes - share.bytes
    share.bytes = bytes
    if (bytes === 0) return this.#remove(share)
    if (share.heapIndex === NOWHERE) this.#put(share, this.#heap.length)
    this.#settle(share)
  }

  /** Has histories drop what is too much in all. */
  evict(): void {
    while (this.#bytes > this.#maxBytes) this.#heap[0]?.evictOldest()
  }

  #remove(share: HistoryUsage): void {
    const { heapIndex } = share
    if (heapIndex === NOWHERE) return
    share.heapIndex = NOWHERE
    const last = this.#heap.pop()
    if (!last || last === share) return
    this.#put(last, heapIndex)
    this.#settle(last)
  }

  /** Moves it up past those that hold less, or down past those that hold more. */
  #settle(share: HistoryUsage): void {
    for (let other = this.#above(share); other && other.bytes < share.bytes; other = this.#above(share))
      this.#swap(share, other)
    for (let other = this.#below(share); other && other.bytes > share.bytes; other = this.#below(share))
      this.#swap(share, other)
  }

  #above({ heapIndex }: HistoryUsage): HistoryUsage | undefined {
    return heapIndex === 0 ? undefined : this.#heap[(heapIndex - 1) >> 1]
  }

  /** The larger of the two below it. */
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

  #put(share: HistoryUsage, place: number): void {
    this.#heap[place] = share
    share.heapIndex = place
  }
}
