import type { SessionEntry, StoredSession } from './store'

interface Held<Node> extends SessionEntry {
  readonly node: Node
}

/** The sessions that the nodes of one memory store can take from each other. `Node` only tells nodes apart. */
export class MemorySessions<Node> {
  readonly #held = new Map<string, Held<Node>>()

  get size(): number {
    return this.#held.size
  }

  save(node: Node, session: StoredSession): void {
    const held = this.#held.get(session.id)
    if (held && held.node !== node) return
    this.#held.set(session.id, { session, version: (held?.version ?? 0) + 1, node })
  }

  read(id: string): SessionEntry | null {
    const held = this.#held.get(id)
    return held ? { session: held.session, version: held.version } : null
  }

  /** The node that held it until now; null where the session is gone or was written since `version`. */
  claim(node: Node, session: StoredSession, version: number): Node | null {
    const held = this.#held.get(session.id)
    if (!held || held.version !== version) return null
    this.#held.set(session.id, { session, version: version + 1, node })
    return held.node
  }

  forget(node: Node, id: string): void {
    if (this.#held.get(id)?.node === node) this.#held.delete(id)
  }

  forgetAllOf(node: Node): void {
    for (const [id, held] of this.#held) if (held.node === node) this.#held.delete(id)
  }
}
