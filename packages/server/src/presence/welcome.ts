import type { Dialect, Frame, FullDiff, Position, PresenceSnapshot, Topic } from '@rollcall/shared-protocol'
import type { TopicState } from './topic-state'

/**
 * What the members whom one flush lets in are given: the state, or what they missed since they were here. Each is made
 * and encoded once, however many are let in; a thousand who come back together have mostly the same past.
 */
export class Welcome {
  readonly #topic: Topic
  readonly #state: TopicState
  #snapshot: PresenceSnapshot | null = null
  readonly #states = new Map<Dialect, readonly Frame[]>()
  readonly #missed = new Map<string, FullDiff | null>()
  readonly #diffs = new Map<Dialect, Map<FullDiff, readonly Frame[]>>()

  constructor(topic: Topic, state: TopicState) {
    this.#topic = topic
    this.#state = state
  }

  framesFor(dialect: Dialect, since: Position | null): readonly Frame[] {
    const missed = since && this.#missedSince(since)
    return missed ? this.#diffFrames(dialect, missed) : this.#stateFrames(dialect)
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

  #stateFrames(dialect: Dialect): readonly Frame[] {
    let frames = this.#states.get(dialect)
    if (!frames) {
      this.#snapshot ??= this.#state.snapshot()
      frames = dialect.encodeServer({
        kind: 'state',
        topic: this.#topic,
        joinRef: null,
        snapshot: this.#snapshot,
      })
      this.#states.set(dialect, frames)
    }
    return frames
  }

  #diffFrames(dialect: Dialect, diff: FullDiff): readonly Frame[] {
    let byDiff = this.#diffs.get(dialect)
    if (!byDiff) {
      byDiff = new Map()
      this.#diffs.set(dialect, byDiff)
    }
    let frames = byDiff.get(diff)
    if (!frames) {
      frames = dialect.encodeServer({ kind: 'diff', topic: this.#topic, diff })
      byDiff.set(diff, frames)
    }
    return frames
  }
}
