import {
  isJsonObject,
  type JsonObject,
  mergePatch,
  type PatchMessage,
  type Topic,
  type UpdateMessage,
} from '@rollcall/shared-protocol'

/*
 *   too fast --keep--> kept, one for each topic --take, its time has come--> done and answered
 *                        | a later one of the same topic
 *                        v
 *              takes its place: what it leaves of the earlier one is in it; the earlier one is answered `throttled`
 *
 * Of where somebody's cursor is only the latest is of interest. It is not to be lost: without it everybody would see the
 * cursor where it was a moment before it came to rest.
 */

export type OwnUpdate = UpdateMessage | PatchMessage

interface Kept {
  readonly message: OwnUpdate
  /** Bytes of the frames that went into it. */
  readonly bytes: number
}

/** What comes of keeping one. */
export type Keeping =
  | { readonly kind: 'kept'; readonly replaced: OwnUpdate | null }
  /** It cannot be kept, and what is there stays. */
  | { readonly kind: 'refused' }

/** The latest update of each topic that has to wait, of one connection. */
export class KeptUpdates {
  readonly #maxBytes: number
  /** Those that have waited longest first. */
  readonly #kept = new Map<Topic, Kept>()
  #bytes = 0

  /** `maxBytes`: of all frames that what is kept was made of. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#kept.size
  }

  keep(message: OwnUpdate, frameBytes: number): Keeping {
    const earlier = this.#kept.get(message.topic)
    // A later join has nothing to do with what an earlier one still sent. (S-5)
    const isSameJoin = earlier !== undefined && earlier.message.joinRef === message.joinRef
    const merged = isSameJoin ? merge(earlier.message, message) : message
    if (!merged) return { kind: 'refused' }
    const bytes = merged === message ? frameBytes : frameBytes + (earlier?.bytes ?? 0)
    const allBytes = this.#bytes - (earlier?.bytes ?? 0) + bytes
    if (allBytes > this.#maxBytes) return { kind: 'refused' }
    this.#bytes = allBytes
    this.#kept.set(message.topic, { message: merged, bytes })
    return { kind: 'kept', replaced: earlier?.message ?? null }
  }

  /** The one that has waited longest, which is kept no longer. */
  take(): OwnUpdate | null {
    for (const [topic, { message, bytes }] of this.#kept) {
      this.#kept.delete(topic)
      this.#bytes -= bytes
      return message
    }
    return null
  }
}

/** The later one with what it leaves of the earlier one; null where no one message says both. */
function merge(earlier: OwnUpdate, later: OwnUpdate): OwnUpdate | null {
  if (later.kind === 'update') return later
  const { ref, topic, joinRef } = later
  if (earlier.kind === 'update')
    return { kind: 'update', ref, topic, joinRef, meta: mergePatch(earlier.meta, later.patch) }
  const patch = mergePatches(earlier.patch, later.patch)
  return patch && { ...later, patch }
}

/**
 * The patch that does what two do, one after the other. Null where there is none: to take a field out (or to make it a
 * text, say) and then to put parts into it is not the same as either. (RFC 7396 has no way to say "an object, whatever
 * was there".)
 */
export function mergePatches(earlier: JsonObject, later: JsonObject): JsonObject | null {
  const merged = new Map(Object.entries(earlier))
  for (const [name, value] of Object.entries(later)) {
    const before = merged.get(name)
    if (before === undefined || !isJsonObject(value)) merged.set(name, value)
    else {
      const both = isJsonObject(before) ? mergePatches(before, value) : null
      if (!both) return null
      merged.set(name, both)
    }
  }
  // See mergePatch: a field called __proto__ stays a field. (P-10)
  return Object.fromEntries(merged)
}
