import {
  bytesOfEdit,
  contentOf,
  editOf,
  foldInto,
  type GrowingEdit,
  growthOf,
  type PatchMessage,
  type UpdateMessage,
  utf8Bytes,
} from '@rollcall/shared-protocol'

/*
 *   a message too fast --begin--> edit --fold(later patch)--> edit --message(), once it may run--> one message
 *
 * Folding takes time in proportion to the later patch, however much waits already, and the message is built once.
 * Building it with each arrival would let tiny patches behind one wide patch block the event loop. (S-51)
 */

export type MetaUpdate = UpdateMessage | PatchMessage

/**
 * A useful patch removes every field of a full meta, with `null`, and adds another full meta: less than three times the
 * bytes of one meta. A longer patch is refused for `limits.metaBytes` or changes nothing.
 */
const PATCH_METAS = 3

/** One presence's change that waits because its connection sends too fast, with every later patch folded into it. */
export class PendingMetaChange {
  readonly #maxBytes: number
  readonly #edit: GrowingEdit
  #bytes: number
  #latest: MetaUpdate

  private constructor(message: MetaUpdate, maxBytes: number) {
    this.#edit = editOf(message)
    this.#bytes = bytesOfEdit(this.#edit)
    this.#maxBytes = maxBytes
    this.#latest = emptied(message)
  }

  /** Null if the message has more bytes than any useful change of a meta of at most `metaBytes`. */
  static begin(message: MetaUpdate, metaBytes: number): PendingMetaChange | null {
    const maxBytes = message.kind === 'update' ? metaBytes : PATCH_METAS * metaBytes
    const content = message.kind === 'update' ? message.meta : message.patch
    if (utf8Bytes(JSON.stringify(content)) > maxBytes) return null
    return new PendingMetaChange(message, maxBytes)
  }

  /** Bytes of the meta or patch as JSON. */
  get bytes(): number {
    return this.#bytes
  }

  /** The message that came last, without its content. */
  get latest(): MetaUpdate {
    return this.#latest
  }

  /**
   * Adds a later patch. Returns false and changes nothing if the change would grow by more than `roomBytes` or past its
   * own limit, or if no single message has the effect of both.
   */
  fold(message: PatchMessage, roomBytes: number): boolean {
    const growth = growthOf(this.#edit, message.patch)
    if (growth === null) return false
    // A change that does not grow stays within bounds that it met before.
    if (growth > 0 && (growth > roomBytes || this.#bytes + growth > this.#maxBytes)) return false
    foldInto(this.#edit, editOf(message))
    this.#bytes += growth
    this.#latest = emptied(message)
    return true
  }

  /** One message with the effect of all of them, under the latest one's ref. */
  message(): MetaUpdate {
    const { ref, topic, joinRef } = this.#latest
    const content = contentOf(this.#edit)
    return this.#edit.kind === 'set'
      ? { kind: 'update', ref, topic, joinRef, meta: content }
      : { kind: 'patch', ref, topic, joinRef, patch: content }
  }
}

function emptied(message: MetaUpdate): MetaUpdate {
  return message.kind === 'update' ? { ...message, meta: {} } : { ...message, patch: {} }
}
