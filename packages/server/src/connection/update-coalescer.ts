import type { Topic } from '@rollcall/shared-protocol'
import { type MetaUpdate, PendingMetaChange } from './pending-meta-change'

/*
 *   too fast --keep--> kept, one for each topic --take, its time has come--> done and answered
 *                        | a later one of the same topic
 *                        v
 *              folded into it, or takes its place; the earlier one is answered `throttled`
 *
 * Of a moving cursor only the latest place is of interest, and that one must not be lost: everybody would go on to see
 * the cursor where it was a moment before it came to rest.
 */

export interface UpdateCoalescerOptions {
  /** Bytes of all metas and patches that are kept for one connection. */
  readonly maxBytes: number
  /** Bytes that a meta may have (`limits.metaBytes`): what waits is held to that, too. */
  readonly metaBytes: number
}

/** What comes of keeping one. */
export type CoalesceResult =
  | { readonly kind: 'kept'; readonly replaced: MetaUpdate | null }
  /** It cannot be kept, and what is there stays. */
  | { readonly kind: 'refused' }

/** The latest change of each topic that has to wait, of one connection. */
export class UpdateCoalescer {
  readonly #options: UpdateCoalescerOptions
  /** Those that have waited longest first. */
  readonly #pending = new Map<Topic, PendingMetaChange>()
  #bytes = 0

  constructor(options: UpdateCoalescerOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#pending.size
  }

  add(message: MetaUpdate): CoalesceResult {
    const earlier = this.#pending.get(message.topic)
    // A later join has nothing to do with what an earlier one still sent. (S-5)
    if (earlier && message.kind === 'patch' && earlier.latest.joinRef === message.joinRef)
      return this.#fold(earlier, message)
    const change = PendingMetaChange.begin(message, this.#options.metaBytes)
    if (!change) return { kind: 'refused' }
    const bytes = this.#bytes - weightOf(earlier) + weightOf(change)
    if (bytes > this.#options.maxBytes) return { kind: 'refused' }
    this.#bytes = bytes
    this.#pending.set(message.topic, change)
    return { kind: 'kept', replaced: earlier?.latest ?? null }
  }

  /** The one that has waited longest, which is kept no longer. */
  shift(): MetaUpdate | null {
    for (const [topic, change] of this.#pending) {
      this.#pending.delete(topic)
      this.#bytes -= weightOf(change)
      return change.message()
    }
    return null
  }

  #fold(into: PendingMetaChange, patch: MetaUpdate & { kind: 'patch' }): CoalesceResult {
    const { latest: replaced, bytes } = into
    if (!into.fold(patch, this.#options.maxBytes - this.#bytes)) return { kind: 'refused' }
    this.#bytes += into.bytes - bytes
    return { kind: 'kept', replaced }
  }
}

function weightOf(change: PendingMetaChange | undefined): number {
  return change?.bytes ?? 0
}
