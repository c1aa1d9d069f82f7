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
export class HistoryShare {
  bytes = 0
  /** Its place in the heap. */
  place = NOWHERE
  readonly dropOldest: () => void

  constructor(dropOldest: () => void) {
    this.dropOldest = dropOldest
  }
}

/** How much the histories of one node hold together. Each change costs O(log n) of n histories that hold something. */
export class HistoryBudget {
  readonly #maxBytes: number
  /** Those that hold something. None holds more than the one above it. */
  readonly #heap: HistoryShare[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** What all of them hold, about. After {@link fit} no more than the limit. */
  get bytes(): number {
    return this.#bytes
  }

  /** A share for one history. It is forgotten by itself while it holds nothing. `dropOldest` has to make it smaller. */
  open(dropOldest: () => void): HistoryShare {
    return new HistoryShare(dropOldest)
  }

  /** The history holds so many bytes from now on. */
  resize(share: HistoryShare, bytes: number): void {
    this.#bytes += bytes - share.bytes
    share.bytes = bytes
    if (bytes === 0) return this.#remove(share)
    if (share.place === NOWHERE) this.#put(share, this.#heap.length)
    this.#settle(share)
  }

  /** Has histories drop what is too much in all. */
  fit(): void {
    while (this.#bytes > this.#maxBytes) this.#heap[0]?.dropOldest()
  }

  #remove(share: HistoryShare): void {
    const { place } = share
    if (place === NOWHERE) return
    share.place = NOWHERE
    const last = this.#heap.pop()
    if (!last || last === share) return
    this.#put(last, place)
    this.#settle(last)
  }

  /** Moves it up past those that hold less, or down past those that hold more. */
  #settle(share: HistoryShare): void {
    for (let other = this.#above(share); other && other.bytes < share.bytes; other = this.#above(share))
      this.#swap(share, other)
    for (let other = this.#below(share); other && other.bytes > share.bytes; other = this.#below(share))
      this.#swap(share, other)
  }

  #above({ place }: HistoryShare): HistoryShare | undefined {
    return place === 0 ? undefined : this.#heap[(place - 1) >> 1]
  }

  /** The larger of the two below it. */
  #below({ place }: HistoryShare): HistoryShare | undefined {
    const left = this.#heap[2 * place + 1]
    const right = this.#heap[2 * place + 2]
    return left && right && right.bytes > left.bytes ? right : left
  }

  #swap(one: HistoryShare, other: HistoryShare): void {
    const { place } = one
    this.#put(one, other.place)
    this.#put(other, place)
  }

  #put(share: HistoryShare, place: number): void {
    this.#heap[place] = share
    share.place = place
  }
}
