import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type PatchMessage,
  type UpdateMessage,
  utf8Bytes,
} from '@rollcall/shared-protocol'

/*
 *   a message too fast --begin--> tree --fold(later)--> tree --message(), when its time has come--> one message
 *
 * A later change of the same presence is folded into the one that waits. That takes as long as the later one is large,
 * however much waits already, and the message is built once: to build it with each arrival would let tiny patches behind
 * one wide one hold the event loop. (S-51)
 */

export type MetaUpdate = UpdateMessage | PatchMessage

/** A JSON object that can grow: objects are trees, everything else is as it came. A `__proto__` is a field. (P-10) */
type Tree = Map<string, JsonValue | Tree>

/**
 * A useful patch can name every field of a full meta to take it out, with `null`, and put in another full meta: less
 * than three times the bytes of one. A longer one is either refused for `limits.metaBytes` or says nothing.
 */
const PATCH_METAS = 3

/** A change of one presence that waits for its time, with everything that was folded into it. */
export class PendingMetaChange {
  readonly #maxBytes: number
  /** Whether it replaces the meta. Otherwise it is a patch, and its nulls take fields out. */
  readonly #isWhole: boolean
  readonly #tree: Tree
  #bytes: number
  #latest: MetaUpdate

  private constructor(message: MetaUpdate, tree: Tree, maxBytes: number) {
    this.#isWhole = message.kind === 'update'
    this.#tree = tree
    this.#bytes = nodeBytes(tree)
    this.#maxBytes = maxBytes
    this.#latest = emptied(message)
  }

  /** Null where it has more bytes than any such change can need. */
  static begin(message: MetaUpdate, metaBytes: number): PendingMetaChange | null {
    const maxBytes = message.kind === 'update' ? metaBytes : PATCH_METAS * metaBytes
    const content = message.kind === 'update' ? message.meta : message.patch
    if (utf8Bytes(JSON.stringify(content)) > maxBytes) return null
    return new PendingMetaChange(message, treeOf(content), maxBytes)
  }

  /** Of the meta or patch, as JSON, and one more for each object that is not empty. */
  get bytes(): number {
    return this.#bytes
  }

  /** The message that came last, without what it said. */
  get latest(): MetaUpdate {
    return this.#latest
  }

  /**
   * Adds a later patch. False, and nothing is changed, where that would take more than `roomBytes` more, or more bytes
   * than the change may have, or where no one message says both: to take a field out and then to put parts into it is
   * nothing that a merge patch (RFC 7396) can say of a field that may hold an object.
   */
  fold(message: PatchMessage, roomBytes: number): boolean {
    const growth = growthOf(this.#tree, message.patch, this.#isWhole)
    if (growth === null) return false
    // One that takes no more than before is within the bounds that this was in.
    if (growth > 0 && (growth > roomBytes || this.#bytes + growth > this.#maxBytes)) return false
    foldInto(this.#tree, message.patch, this.#isWhole)
    this.#bytes += growth
    this.#latest = emptied(message)
    return true
  }

  /** One message that does what all of them did, under the latest one's ref. */
  message(): MetaUpdate {
    const { ref, topic, joinRef } = this.#latest
    const content = objectOf(this.#tree)
    return this.#isWhole
      ? { kind: 'update', ref, topic, joinRef, meta: content }
      : { kind: 'patch', ref, topic, joinRef, patch: content }
  }
}

function emptied(message: MetaUpdate): MetaUpdate {
  return message.kind === 'update' ? { ...message, meta: {} } : { ...message, patch: {} }
}

function treeOf(object: JsonObject): Tree {
  return new Map(Object.entries(object).map(([name, value]) => [name, nodeOf(value)]))
}

function nodeOf(value: JsonValue): JsonValue | Tree {
  return isJsonObject(value) ? treeOf(value) : value
}

function objectOf(tree: Tree): JsonObject {
  // fromEntries defines fields and never runs a setter: a field called __proto__ stays a field. (P-10)
  return Object.fromEntries(
    [...tree].map(([name, node]) => [name, node instanceof Map ? objectOf(node) : node]),
  )
}

/** By how many bytes a patch makes the tree grow; null where the tree cannot say both. */
function growthOf(tree: Tree, patch: JsonObject, isWhole: boolean): number | null {
  let growth = 0
  for (const [name, value] of Object.entries(patch)) {
    const before = tree.get(name)
    if (isJsonObject(value)) {
      if (before !== undefined && !(before instanceof Map) && !isWhole) return null
      const into = before instanceof Map ? before : new Map()
      const inner = growthOf(into, value, isWhole)
      if (inner === null) return null
      growth += inner
      if (into !== before) growth += fieldBytes(name, into)
    } else if (!(value === null && isWhole)) growth += fieldBytes(name, value)
    if (before !== undefined && !(before instanceof Map && isJsonObject(value)))
      growth -= fieldBytes(name, before)
  }
  return growth
}

function foldInto(tree: Tree, patch: JsonObject, isWhole: boolean): void {
  for (const [name, value] of Object.entries(patch)) {
    if (value === null && isWhole) tree.delete(name)
    else if (isJsonObject(value)) {
      const before = tree.get(name)
      const into: Tree = before instanceof Map ? before : new Map()
      foldInto(into, value, isWhole)
      tree.set(name, into)
    } else tree.set(name, value)
  }
}

/** Of a field in an object: name, colon, value and comma. */
function fieldBytes(name: string, node: JsonValue | Tree): number {
  return utf8Bytes(JSON.stringify(name)) + 2 + nodeBytes(node)
}

function nodeBytes(node: JsonValue | Tree): number {
  if (!(node instanceof Map)) return utf8Bytes(JSON.stringify(node))
  let bytes = 2
  for (const [name, inner] of node) bytes += fieldBytes(name, inner)
  return bytes
}
