import { type Dialect, type FullDiff, mergeDiffs, type Topic } from '@rollcall/shared-protocol'
import { Packet } from '../io/packet'

/** Maximum leaves in a parting. With more, subscribers receive only the new state. */
const MAX_LEAVES = 1024

/**
 * The last diff of a history that the store lost: the net change from its end to the new history. Subscribers receive it
 * just before the new state, as a state does not contain the reasons of leaves. No client resumes from its position.
 */
export class Parting {
  readonly #topic: Topic
  /** Null if it cannot be sent: it has too many leaves, or a presence that left in it has joined again. */
  #missed: FullDiff | null
  #packets = new Map<Dialect, Packet>()

  /** @param missed the change from the subscribers' position to the first state of the new history */
  constructor(topic: Topic, missed: FullDiff) {
    this.#topic = topic
    this.#missed = missed
  }

  /** Adds a diff of the new history that arrives before the subscribers have its state. */
  extend(diff: FullDiff): void {
    const missed = this.#missed
    if (!missed) return
    this.#packets = new Map()
    const gone = new Set(missed.leaves.map(({ ref }) => ref))
    const isBack = diff.joins.some(({ ref }) => gone.has(ref))
    const merged = isBack ? null : mergeDiffs([missed, diff])
    const { epoch, base, seq } = missed
    this.#missed = merged && merged.leaves.length <= MAX_LEAVES ? { ...merged, epoch, base, seq } : null
  }

  /** Null if it contains nothing that the new state does not. */
  packetFor(dialect: Dialect): Packet | null {
    const missed = this.#missed
    if (!missed?.leaves.some(({ reason }) => reason !== 'closed')) return null
    const packet =
      this.#packets.get(dialect) ??
      new Packet(dialect.encodeServer({ kind: 'diff', topic: this.#topic, diff: missed }))
    this.#packets.set(dialect, packet)
    return packet
  }
}
