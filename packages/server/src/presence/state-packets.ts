import type {
  Dialect,
  FullDiff,
  Position,
  PresenceRef,
  PresenceSnapshot,
  Topic,
} from '@rollcall/shared-protocol'
import { Packet } from '../io/packet'
import type { RecentStates } from './recent-states'
import type { TopicState } from './topic-state'

/**
 * What the members whom one flush lets in are given: the state, or what they missed since they were here. Each is made
 * and encoded once, however many are let in; a thousand who come back together have mostly the same past. A large state is
 * kept for the next flush, which may have to give the same.
 */
export class StatePackets {
  readonly #topic: Topic
  readonly #state: TopicState
  readonly #kept: RecentStates
  #snapshot: PresenceSnapshot | null = null
  readonly #states = new Map<Dialect, Packet>()
  readonly #missed = new Map<string, FullDiff | null>()
  readonly #joined = new Map<FullDiff, ReadonlySet<PresenceRef>>()
  readonly #diffs = new Map<Dialect, Map<FullDiff, Packet>>()

  constructor(topic: Topic, state: TopicState, kept: RecentStates) {
    this.#topic = topic
    this.#state = state
    this.#kept = kept
  }

  /** What it missed since a position; the state where that is not known, or the `witness` came only after it. */
  packetFor(dialect: Dialect, since: Position | null, witness: PresenceRef | null = null): Packet {
    const missed = since && this.#missedSince(since)
    const isForIt = missed && (witness === null || !this.#joinedIn(missed).has(witness))
    return isForIt ? this.#diffPacket(dialect, missed) : this.#statePacket(dialect)
  }

  #joinedIn(missed: FullDiff): ReadonlySet<PresenceRef> {
    let joined = this.#joined.get(missed)
    if (!joined) {
      joined = new Set(missed.joins.map(({ ref }) => ref))
      this.#joined.set(missed, joined)
    }
    return joined
  }

  #missedSince(since: Position): FullDiff | null {
    const at = `${since.seq}@${since.epoch}`
    let missed = this.#missed.get(at)
    if (missed === undefined) {
      missed = this.#state.since(since)
      this.#missed.set(at, missed)
    }
    return missed
  }

  #statePacket(dialect: Dialect): Packet {
    let packet = this.#states.get(dialect)
    if (!packet) {
      packet = this.#keptPacket(dialect)
      this.#states.set(dialect, packet)
    }
    return packet
  }

  #keptPacket(dialect: Dialect): Packet {
    const { position } = this.#state
    const kept = position && this.#kept.get(this.#topic, dialect, position)
    if (kept) return kept
    this.#snapshot ??= this.#state.snapshot()
    const state = { kind: 'state', topic: this.#topic, joinRef: null, snapshot: this.#snapshot } as const
    const packet = new Packet(dialect.encodeServer(state), true)
    if (position) this.#kept.keep(this.#topic, dialect, position, packet)
    return packet
  }

  #diffPacket(dialect: Dialect, diff: FullDiff): Packet {
    let byDiff = this.#diffs.get(dialect)
    if (!byDiff) {
      byDiff = new Map()
      this.#diffs.set(dialect, byDiff)
    }
    let packet = byDiff.get(diff)
    if (!packet) {
      packet = new Packet(dialect.encodeServer({ kind: 'diff', topic: this.#topic, diff }))
      byDiff.set(diff, packet)
    }
    return packet
  }
}
