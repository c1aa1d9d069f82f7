import { type FullDiff, mergeDiffs, type Position, type Seq } from '@rollcall/shared-protocol'

export interface HistoryOptions {
  /** Most diffs kept of one topic. @default 256 */
  readonly maxDiffs: number
  /** Most joins, updates and leaves kept of one topic, over all its diffs. @default 4096 */
  readonly maxEntries: number
}

/** The latest diffs of one topic, within bounds, so that who was away for a moment is told only what was missed. */
export class History {
  readonly #options: HistoryOptions
  #diffs: FullDiff[] = []
  #entries = 0

  constructor(options: HistoryOptions) {
    this.#options = options
  }

  push(diff: FullDiff): void {
    this.#diffs.push(diff)
    this.#entries += entriesOf(diff)
    while (this.#diffs.length > this.#options.maxDiffs || this.#entries > this.#options.maxEntries) {
      const oldest = this.#diffs.shift()
      if (!oldest) break
      this.#entries -= entriesOf(oldest)
    }
  }

  clear(): void {
    this.#diffs = []
    this.#entries = 0
  }

  /** The net change from `since` to the newest diff kept, or `null` where part of it is no longer here. */
  since(since: Position): FullDiff | null {
    const first = this.#diffs.findIndex((diff) => diff.epoch === since.epoch && diff.base === since.seq)
    return first === -1 ? null : mergeDiffs(this.#diffs.slice(first))
  }

  /** The position from which on nothing is missing, for a look at what is kept. */
  get oldestBase(): Seq | null {
    return this.#diffs[0]?.base ?? null
  }
}

function entriesOf(diff: FullDiff): number {
  return diff.joins.length + diff.updates.length + diff.leaves.length
}
