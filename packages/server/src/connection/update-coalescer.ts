import type { Topic } from '@rollcall/shared-protocol'
import { type MetaUpdate, PendingMetaChange } from './pending-meta-change'

/*
 *   too fast --add--> waiting, one change per topic --shift, when its turn comes--> handled and replied to
 *                        | a later one of the same topic
 *                        v
 *              is folded into it or replaces it; the earlier one gets the reply `throttled`
 *
 * Of a moving cursor only the latest place matters, and that one must not be lost: everybody would keep seeing the cursor
 * where it was a moment before it came to rest.
 */

export interface UpdateCoalescerOptions {
  /** Bytes of all metas and patches that wait for one connection. */
  readonly maxBytes: number
  /** Bytes that a meta may have (`limits.metaBytes`). A waiting change has the same limit. */
  readonly metaBytes: number
}

export type CoalesceResult =
  | { readonly kind: 'coalesced'; readonly replaced: MetaUpdate | null }
  /** It does not fit. The waiting change stays as it was. */
  | { readonly kind: 'refused' }

/** The latest change per topic that waits because its connection sends too fast. */
export class UpdateCoalescer {
  readonly #options: UpdateCoalescerOptions
  /** In the order in which they began to wait. */
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
    // A patch of a later join must not be folded into one of an earlier join. (S-5)
    if (earlier && message.kind === 'patch' && earlier.latest.joinRef === message.joinRef)
      return this.#fold(earlier, message)
    const change = PendingMetaChange.begin(message, this.#options.metaBytes)
    if (!change) return { kind: 'refused' }
    const bytes = this.#bytes - bytesOf(earlier) + bytesOf(change)
    if (bytes > this.#options.maxBytes) return { kind: 'refused' }
    this.#bytes = bytes
    this.#pending.set(message.topic, change)
    return { kind: 'coalesced', replaced: earlier?.latest ?? null }
  }

  /** Removes and returns the change that has waited longest. */
  shift(): MetaUpdate | null {
    for (const [topic, change] of this.#pending) {
      this.#pending.delete(topic)
      this.#bytes -= bytesOf(change)
      return change.message()
    }
    return null
  }

  #fold(into: PendingMetaChange, patch: MetaUpdate & { kind: 'patch' }): CoalesceResult {
    const { latest: replaced, bytes } = into
    if (!into.fold(patch, this.#options.maxBytes - this.#bytes)) return { kind: 'refused' }
    this.#bytes += into.bytes - bytes
    return { kind: 'coalesced', replaced }
  }
}

function bytesOf(change: PendingMetaChange | undefined): number {
  return change?.bytes ?? 0
}
