import type { Topic } from '@rollcall/shared-protocol'

/*
 *   P:{t:<topic>}:p  hash    ref -> record                     P:{nodes}:l  zset  node -> end of its lease, ms
 *   P:{t:<topic>}:o  hash    owner -> ref                      P:{nodes}:d  zset  node -> since when it is being reaped
 *   P:{t:<topic>}:s  hash    epoch, seq, digest                P:{nodes}:r  hash  node -> why it went
 *   P:{t:<topic>}:x  hash    node -> 1, fenced off             P:{n:<node>}:t  set  topics
 *   P:{t:<topic>}:g  hash    node -> its last assertion        Q:{n:<node>}:c  channel
 *   P:{t:<topic>}:w  list    ref, reason of latest leaves      P:{s:<session>} hash
 *   Q:{t:<topic>}:c  channel
 *
 * P is the prefix. Redis' channels know no database, so theirs is Q: the prefix and, but for database 0, `@` and the
 * number of the database. No prefix has an `@`.
 *
 * What stands in braces decides the slot of a Cluster: one script may touch what shares it, and nothing else.
 */

/** The keys of one topic, in the order in which every script is given them. */
export type TopicKeys = readonly [
  presences: string,
  owners: string,
  state: string,
  fenced: string,
  assertions: string,
  channel: string,
  reasons: string,
]

/** The keys that tell who is alive, in the order in which every script is given them. */
export type NodesKeys = readonly [leases: string, dying: string, reasons: string]

/** Every key there is. `docs/reference/redis.md` says what lives under each, and for how long. */
export class Keys {
  readonly #prefix: string
  /** What channels begin with. */
  readonly #channelPrefix: string

  /**
   * @param prefix without braces, which would decide the slot, and without `@`
   * @param db number of the database in which the keys are
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

  /** What other nodes have to say to this one. */
  nodeChannel(node: string): string {
    return `${this.#channelPrefix}:{n:${node}}:c`
  }

  session(id: string): string {
    return `${this.#prefix}:{s:${escapeName(id)}}`
  }
}

/**
 * A name without braces, from which the name can be read again. Redis keys are bytes, and half of a surrogate pair has
 * none: two topics that differ only in it would be one.
 */
export function escapeName(name: string): string {
  return name.replace(/[%{}]|\p{Surrogate}/gu, (one) => `%${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** What {@link escapeName} was given. */
export function unescapeName(text: string): string {
  return text.replace(/%([0-9a-f]{4})/g, (_all, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
}
