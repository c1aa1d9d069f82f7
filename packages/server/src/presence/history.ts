import { type FullDiff, mergeDiffs, type Position } from '@rollcall/shared-protocol'
import { weighDiff } from './weigh'

export interface HistoryOptions {
  /** Most diffs kept of one topic. @default 256 */
  readonly maxDiffs: number
  /** Most bytes kept of one topic, about. @default 262144 */
  readonly maxBytes: number
}

/** The latest diffs of one topic, within bounds, so that who was away for a moment is told only what was missed. */
export class History {
  readonly #options: HistoryOptions
  #diffs: { readonly diff: FullDiff; readonly bytes: number }[] = []
  #bytes = 0

  constructor(options: HistoryOptions) {
    this.#options = options
  }

  push(diff: FullDiff): void {
    const bytes = weighDiff(diff)
    this.#diffs.push({ diff, bytes })
    this.#bytes += bytes
    while (this.#diffs.length > this.#options.maxDiffs || this.#bytes > this.#options.maxBytes) {
      this.#bytes -= this.#diffs.shift()?.bytes ?? 0
    }
  }

  clear(): void {
    this.#diffs = []
    this.#bytes = 0
  }

  /** The net change from `since` to the newest diff kept, or `null` where part of it is no longer here. */
  since(since: Position): FullDiff | null {
    const first = this.#diffs.findIndex(({ diff }) => diff.epoch === since.epoch && diff.base === since.seq)
    return first === -1 ? null : mergeDiffs(this.#diffs.slice(first).map(({ diff }) => diff))
  }
}
