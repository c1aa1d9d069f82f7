import { type Dialect, type FullDiff, mergeDiffs, type Topic } from '@rollcall/shared-protocol'
import { Packet } from '../io/packet'

/** Leaves that one may hold. Past that the state of the new history has to do. */
const MAX_LEAVES = 1024

/**
 * The net change since the end of a history that the store lost, as that history's last step. Members get it just before
 * the state of the new history, since a state does not say why somebody left. Nobody goes on from its position.
 */
export class Parting {
  readonly #topic: Topic
  /** Null where it cannot be told: it is too long, or somebody who left in it is here again. */
  #missed: FullDiff | null
  #packets = new Map<Dialect, Packet>()

  /** @param missed leads from the position that the members have to the first state of the new history */
  constructor(topic: Topic, missed: FullDiff) {
    this.#topic = topic
    this.#missed = missed
  }

  /** Takes in what the new history says before the members have its state. */
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

  /** Null where it says nothing that the state would not say. */
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
