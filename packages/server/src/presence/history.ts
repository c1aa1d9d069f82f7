import { type FullDiff, type JsonValue, mergeDiffs, type Position } from '@rollcall/shared-protocol'
import type { HistoryBudget, HistoryUsage } from './history-budget'

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
  readonly #share: HistoryUsage
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
    const pushedBytes = estimateDiffBytes(diff)
    this.#diffs.push({ diff, bytes: pushedBytes })
    let bytes = this.#share.bytes + pushedBytes
    while (this.#diffs.length > maxDiffs || bytes > maxBytes) bytes -= this.#shift()
    this.#budget.resize(this.#share, bytes)
    this.#budget.evict()
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

/*
 * Constants of V8 on 64 bits, measured as the growth of the heap (Node 20, after a collection) while histories took
 * 12,000 diffs of each kind (joins, updates, leaves; one and ten of each) with metas of sixty shapes: long texts, numbers,
 * names that nobody used before, empty lists and objects by the dozen, deep ones. The heap grew by 0.19 to 0.96 of what
 * is counted here; by about half for ordinary metas, as names that all have in common are counted as if they were new.
 */

/** A diff: its object, and its place in the history. */
const DIFF_BYTES = 336
/** One of its lists that is not empty, with the room that it has to spare. */
const LIST_BYTES = 112
/** One of its joins, updates or leaves: its object and the presence in it, beside texts and meta. */
const ENTRY_BYTES = 88
/** A list in a meta, or an object without fields. */
const OBJECT_BYTES = 56
/** What an object with fields has beside them: where its names are new, V8 keeps a shape for it alone. */
const SHAPE_BYTES = 88
/** A field, beside its name and value. */
const FIELD_BYTES = 48
/** The same in an object of more fields than this, which is a hash table. */
const TABLE_FIELDS = 96
const TABLE_FIELD_BYTES = 72
/** One value of a list. */
const SLOT_BYTES = 8
/** A number that is no small integer. */
const NUMBER_BYTES = 16
/** A text, beside its characters. */
const TEXT_BYTES = 24

/**
 * About how many bytes a diff keeps alive in a history, rather too many than too few. Builds no text, and looks at each
 * value once. Of an update only the meta before it is counted: the new one is alive in the topic's state, or is the meta
 * before a later diff, which is kept for longer. So it is with the meta of a join.
 */
export function estimateDiffBytes({ joins, updates, leaves, appeared, disappeared }: FullDiff): number {
  let bytes = DIFF_BYTES
  for (const list of [joins, updates, leaves, appeared, disappeared]) if (list.length > 0) bytes += LIST_BYTES
  for (const { ref, key } of joins) bytes += ENTRY_BYTES + estimateTextBytes(ref) + estimateTextBytes(key)
  for (const { ref, key, previous } of updates)
    bytes += ENTRY_BYTES + estimateTextBytes(ref) + estimateTextBytes(key) + estimateJsonBytes(previous.meta)
  for (const { ref, key, presence } of leaves)
    bytes += ENTRY_BYTES + estimateTextBytes(ref) + estimateTextBytes(key) + estimateJsonBytes(presence.meta)
  return bytes
}

/** About how many bytes a JSON value takes in memory, beside the place where it is referred to. */
export function estimateJsonBytes(value: JsonValue): number {
  if (typeof value === 'string') return estimateTextBytes(value)
  // A zero below zero is no small integer either.
  if (typeof value === 'number') return Object.is(value | 0, value) ? 0 : NUMBER_BYTES
  if (typeof value !== 'object' || value === null) return 0
  let bytes = OBJECT_BYTES
  if (Array.isArray(value)) {
    for (const item of value) bytes += SLOT_BYTES + estimateJsonBytes(item)
    return bytes
  }
  const fields = Object.entries(value)
  if (fields.length > 0) bytes += SHAPE_BYTES
  const fieldBytes = fields.length > TABLE_FIELDS ? TABLE_FIELD_BYTES : FIELD_BYTES
  for (const [name, field] of fields) bytes += fieldBytes + estimateTextBytes(name) + estimateJsonBytes(field)
  return bytes
}

/** One character beyond Latin-1 makes all of a text's take two bytes. */
function estimateTextBytes(text: string): number {
  return TEXT_BYTES + (/[\u0100-\uffff]/.test(text) ? 2 * text.length : text.length)
}
