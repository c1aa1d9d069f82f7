import { type FullDiff, mergeDiffs, type Position } from '@rollcall/shared-protocol'
import type { HistoryBudget, HistoryShare } from './history-budget'
import { weighDiff } from './weigh'

export interface HistoryOptions {
  /** Most diffs kept of one topic. @default 256 */
  readonly maxDiffs: number
  /** Most bytes kept of one topic, about. @default 262144 */
  readonly maxBytes: number
  /**
   * Most bytes kept of all topics, about, and at least `maxBytes`. Beyond that the topic that holds most loses its oldest
   * diffs. @default 67108864
   */
  readonly maxTotalBytes: number
}

export const DEFAULT_HISTORY: HistoryOptions = { maxDiffs: 256, maxBytes: 262_144, maxTotalBytes: 67_108_864 }

/** What bounds one history. */
export type HistoryBounds = Pick<HistoryOptions, 'maxDiffs' | 'maxBytes'>

/** The latest diffs of one topic, within bounds, so that who was away for a moment is told only what was missed. */
export class History {
  readonly #bounds: HistoryBounds
  readonly #budget: HistoryBudget
  readonly #share: HistoryShare
  #diffs: { readonly diff: FullDiff; readonly bytes: number }[] = []
  #isEnded = false

  constructor(bounds: HistoryBounds, budget: HistoryBudget) {
    this.#bounds = bounds
    this.#budget = budget
    this.#share = budget.open(() => this.#budget.resize(this.#share, this.#share.bytes - this.#shift()))
  }

  /** What it holds, about. */
  get bytes(): number {
    return this.#share.bytes
  }

  push(diff: FullDiff): void {
    if (this.#isEnded) return
    const { maxDiffs, maxBytes } = this.#bounds
    const pushedBytes = weighDiff(diff)
    this.#diffs.push({ diff, bytes: pushedBytes })
    let bytes = this.#share.bytes + pushedBytes
    while (this.#diffs.length > maxDiffs || bytes > maxBytes) bytes -= this.#shift()
    this.#budget.resize(this.#share, bytes)
    this.#budget.fit()
  }

  clear(): void {
    this.#diffs = []
    this.#budget.resize(this.#share, 0)
  }

  /** Counts no more and keeps nothing more. Who asked before still finds what there is, which goes with this history. */
  end(): void {
    this.#isEnded = true
    this.#budget.resize(this.#share, 0)
  }

  /** The net change from `since` to the newest diff kept, or `null` where part of it is no longer here. */
  since(since: Position): FullDiff | null {
    const first = this.#diffs.findIndex(({ diff }) => diff.epoch === since.epoch && diff.base === since.seq)
    return first === -1 ? null : mergeDiffs(this.#diffs.slice(first).map(({ diff }) => diff))
  }

  /** Drops the oldest diff. How many bytes that were. */
  #shift(): number {
    return this.#diffs.shift()?.bytes ?? 0
  }
}
