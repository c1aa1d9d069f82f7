import type { Topic } from '@rollcall/shared-protocol'

/*
 *   P:{t:<topic>}:p  hash    ref -> record                     P:{nodes}:l  zset  node -> end of its lease, ms
 *   P:{t:<topic>}:o  hash    owner -> ref                      P:{nodes}:d  zset  node -> when the sweep began, ms
 *   P:{t:<topic>}:s  hash    epoch, seq, digest                P:{nodes}:r  hash  node -> reason of its leaves
 *   P:{t:<topic>}:x  hash    node -> 1, fenced off             P:{n:<node>}:t  set  topics
 *   P:{t:<topic>}:g  hash    node -> its last assertion        Q:{n:<node>}:c  channel
 *   P:{t:<topic>}:w  list    ref, reason of latest leaves      P:{s:<session>} hash
 *   Q:{t:<topic>}:c  channel
 *
 * P is the prefix. Redis' channels belong to no database, so their prefix Q ends in `@` and the number of the database,
 * except for database 0. No prefix contains `@`.
 *
 * The text in braces decides the slot in a Cluster. A script may touch only keys that share it.
 */

/** The keys of one topic, in the order that every script expects. */
export type TopicKeys = readonly [
  presences: string,
  owners: string,
  state: string,
  fenced: string,
  assertions: string,
  channel: string,
  reasons: string,
]

/** The keys of leases and dead nodes, in the order that every script expects. */
export type NodesKeys = readonly [leases: string, dying: string, reasons: string]

/** All keys and channels of the store. `docs/reference/redis.md` describes what each holds, and for how long. */
export class Keys {
  readonly #prefix: string
  readonly #channelPrefix: string

  /**
   * @param prefix without braces, which would decide the slot, and without `@`
   * @param db number of the database that holds the keys
   */
  constructor(prefix: string, db = 0) {
    this.#prefix = prefix
    this.#channelPrefix = db === 0 ? prefix : `${prefix}@${db}`
  }

  topic(topic: Topic): TopicKeys {
    const name = `{t:${escapeName(topic)}}`
    const base = `${this.#prefix}:${name}`
    const channel = `${this.#channelPrefix}:${name}:c`
    return [`${base}:p`, `${base}:o`, `${base}:s`, `${base}:x`, `${base}:g`, channel, `${base}:w`]
  }

  get nodes(): NodesKeys {
    const base = `${this.#prefix}:{nodes}`
    return [`${base}:l`, `${base}:d`, `${base}:r`]
  }

  /** The topics in which a node may have presences. */
  nodeTopics(node: string): string {
    return `${this.#prefix}:{n:${node}}:t`
  }

  /** The channel on which other nodes notify this one. */
  nodeChannel(node: string): string {
    return `${this.#channelPrefix}:{n:${node}}:c`
  }

  session(id: string): string {
    return `${this.#prefix}:{s:${escapeName(id)}}`
  }
}

/**
 * Replaces braces, `%` and lone surrogates in a name; {@link unescapeName} restores it. Redis keys are bytes, and a lone
 * surrogate has none of its own, so two topics that differ only in one would share their keys.
 */
export function escapeName(name: string): string {
  return name.replace(/[%{}]|\p{Surrogate}/gu, (one) => `%${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

export function unescapeName(text: string): string {
  return text.replace(/%([0-9a-f]{4})/g, (_all, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
}
