import type { Dialect, FullDiff, Position, PresenceSnapshot, Topic } from '@rollcall/shared-protocol'
import { Packet } from '../io/packet'
import type { TopicState } from './topic-state'

/**
 * What the members whom one flush lets in are given: the state, or what they missed since they were here. Each is made
 * and encoded once, however many are let in; a thousand who come back together have mostly the same past.
 */
export class Welcome {
  readonly #topic: Topic
  readonly #state: TopicState
  #snapshot: PresenceSnapshot | null = null
  readonly #states = new Map<Dialect, Packet>()
  readonly #missed = new Map<string, FullDiff | null>()
  readonly #diffs = new Map<Dialect, Map<FullDiff, Packet>>()

  constructor(topic: Topic, state: TopicState) {
    this.#topic = topic
    this.#state = state
  }

  packetFor(dialect: Dialect, since: Position | null): Packet {
    const missed = since && this.#missedSince(since)
    return missed ? this.#diffPacket(dialect, missed) : this.#statePacket(dialect)
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
      this.#snapshot ??= this.#state.snapshot()
      const state = { kind: 'state', topic: this.#topic, joinRef: null, snapshot: this.#snapshot } as const
      packet = new Packet(dialect.encodeServer(state), true)
      this.#states.set(dialect, packet)
    }
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
