import { type FullDiff, type JsonValue, mergeDiffs, type Position } from '@rollcall/shared-protocol'
import type { HistoryBudget, HistoryUsage } from './history-budget'

export interface HistoryOptions {
  /** Maximum diffs kept per topic. @default 256 */
  readonly maxDiffs: number
  /** Maximum bytes kept per topic, approximately. @default 262144 */
  readonly maxBytes: number
  /**
   * Maximum bytes kept for all topics together, approximately; at least `maxBytes`. Above it, the topic with the largest
   * history drops its oldest diffs. @default 67108864
   */
  readonly maxTotalBytes: number
}

export const DEFAULT_HISTORY: HistoryOptions = { maxDiffs: 256, maxBytes: 262_144, maxTotalBytes: 67_108_864 }

/** The bounds of one topic's history. */
export type HistoryBounds = Pick<HistoryOptions, 'maxDiffs' | 'maxBytes'>

/** The latest diffs of one topic, so that a client that was away for a moment receives only what it missed. */
export class History {
  readonly #bounds: HistoryBounds
  readonly #budget: HistoryBudget
  readonly #usage: HistoryUsage
  #diffs: { readonly diff: FullDiff; readonly bytes: number }[] = []
  #isEnded = false

  constructor(bounds: HistoryBounds, budget: HistoryBudget) {
    this.#bounds = bounds
    this.#budget = budget
    this.#usage = budget.open(() => this.#budget.resize(this.#usage, this.#usage.bytes - this.#shift()))
  }

  /** Approximate bytes in memory. */
  get bytes(): number {
    return this.#usage.bytes
  }

  push(diff: FullDiff): void {
    if (this.#isEnded) return
    const { maxDiffs, maxBytes } = this.#bounds
    const pushedBytes = estimateDiffBytes(diff)
    this.#diffs.push({ diff, bytes: pushedBytes })
    let bytes = this.#usage.bytes + pushedBytes
    while (this.#diffs.length > maxDiffs || bytes > maxBytes) bytes -= this.#shift()
    this.#budget.resize(this.#usage, bytes)
    this.#budget.evict()
  }

  clear(): void {
    this.#diffs = []
    this.#budget.resize(this.#usage, 0)
  }

  /** Returns its bytes to the budget and takes no more diffs. {@link since} still works until the topic is forgotten. */
  end(): void {
    this.#isEnded = true
    this.#budget.resize(this.#usage, 0)
  }

  /** The net change since a position, or null where the history no longer reaches back to it. */
  since(since: Position): FullDiff | null {
    const first = this.#diffs.findIndex(({ diff }) => diff.epoch === since.epoch && diff.base === since.seq)
    return first === -1 ? null : mergeDiffs(this.#diffs.slice(first).map(({ diff }) => diff))
  }

  /** Drops the oldest diff and returns its bytes. */
  #shift(): number {
    return this.#diffs.shift()?.bytes ?? 0
  }
}

/*
 * Constants of V8 on 64 bits, measured as the growth of the heap (Node 20, after a collection) for histories of 12,000
 * diffs of each kind (one and ten joins, updates or leaves). Their metas had sixty shapes: long texts, numbers, unique
 * field names, dozens of empty lists and objects, deep nesting. The heap grew by 0.19 to 0.96 of the estimate, and by
 * about half for ordinary metas: the estimate counts common field names as if each were new.
 */

/** A diff: its object and its entry in the history. */
const DIFF_BYTES = 336
/** A list of a diff that is not empty, with its spare capacity. */
const LIST_BYTES = 112
/** A join, update or leave: its object and presence, without texts and meta. */
const ENTRY_BYTES = 88
/** A list in a meta, or an empty object. */
const OBJECT_BYTES = 56
/** An object's shape. V8 keeps one for each new set of field names. */
const SHAPE_BYTES = 88
/** A field, without its name and value. */
const FIELD_BYTES = 48
/** An object with more fields is a hash table. */
const TABLE_FIELDS = 96
/** A field in a hash table, without its name and value. */
const TABLE_FIELD_BYTES = 72
/** One value of a list. */
const SLOT_BYTES = 8
/** A number that is not a small integer. */
const NUMBER_BYTES = 16
/** A text, without its characters. */
const TEXT_BYTES = 24

/**
 * Estimates the bytes that a diff keeps alive in a history, rather too many than too few. It builds no text and visits
 * each value once. An update counts its previous meta only: the new one lives in the topic's state, or is counted as the
 * previous meta of a later diff. A join's meta is not counted for the same reason.
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

/** Estimates the bytes of a JSON value in memory, without the reference to it. */
export function estimateJsonBytes(value: JsonValue): number {
  if (typeof value === 'string') return estimateTextBytes(value)
  // Negative zero is not a small integer either.
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

/** With one character beyond Latin-1, every character of a text takes two bytes. */
function estimateTextBytes(text: string): number {
  return TEXT_BYTES + (/[\u0100-\uffff]/.test(text) ? 2 * text.length : text.length)
}
