import {
  diffSnapshots,
  type Epoch,
  type FullDiff,
  fullDiff,
  type Key,
  type Position,
  type Presence,
  type PresenceDiff,
  type PresenceRef,
  PresenceSet,
  type PresenceSnapshot,
  type Seq,
} from '@rollcall/shared-protocol'
import type { LeaveReasons } from '../store/store'
import { History, type HistoryBounds } from './history'
import type { HistoryBudget } from './history-budget'
import { stepTopic, type TopicMachineState, UNKNOWN_TOPIC } from './topic-machine'

/*
 *  store's feed:  snapshot   -> reset()  everything anew, under a new epoch or after a gap
 *                 diff       -> apply()  in order
 *                                 |
 *                          FullDiff: what to tell the members, with what was there before
 */

/** One topic as this node knows it: what the store has told so far, and the way it came. Pure. */
export class TopicState {
  readonly #set = new PresenceSet()
  readonly #history: History
  #machine: TopicMachineState = UNKNOWN_TOPIC

  constructor(bounds: HistoryBounds, budget: HistoryBudget) {
    this.#history = new History(bounds, budget)
  }

  /** Where this node stands; null until the first snapshot. */
  get position(): Position | null {
    return this.#machine.name === 'known' ? this.#machine.position : null
  }

  get size(): number {
    return this.#set.size
  }

  presences(): IterableIterator<Presence> {
    return this.#set.presences()
  }

  has(ref: PresenceRef): boolean {
    return this.#set.get(ref) !== undefined
  }

  hasKey(key: Key): boolean {
    return this.#set.hasKey(key)
  }

  reset(snapshot: PresenceSnapshot): void {
    this.#machine = stepTopic(this.#machine, { kind: 'snapshot', snapshot }).state
    this.#set.replace(snapshot.presences)
    this.#history.clear()
  }

  /**
   * The net change from here to a later state of this history, which is taken up. Null where the state is of another
   * history, or not later: that takes a {@link reset}.
   */
  follow(snapshot: PresenceSnapshot, reasons: LeaveReasons): FullDiff | null {
    const { position } = this
    if (!position || position.epoch !== snapshot.epoch) return null
    // Null where the state is not later: a diff to it is an old one.
    const missed = this.#lead(position, snapshot, snapshot.seq, reasons)
    // A store that lost writes may have other revs under the same numbers: then only the state itself tells.
    return this.#set.digest === snapshot.digest ? missed : null
  }

  /**
   * The net change from here to a state of another history, as the last step of this one; null where there was none. The
   * state of the other history is taken up: nobody goes on from that step.
   */
  conclude(snapshot: PresenceSnapshot, reasons: LeaveReasons): FullDiff | null {
    const { position } = this
    const isOther = position !== null && position.epoch !== snapshot.epoch
    const last = isOther ? this.#lead(position, snapshot, position.seq + 1, reasons) : null
    this.reset(snapshot)
    return last
  }

  /** The diff with what was there before, or null where it is old or does not follow (the store sends a snapshot). */
  apply(diff: PresenceDiff): FullDiff | null {
    const { state, effects } = stepTopic(this.#machine, { kind: 'diff', diff })
    this.#machine = state
    if (effects.length === 0) return null
    const full = fullDiff(diff, this.#set.apply(diff))
    this.#history.push(full)
    return full
  }

  /** It will be told nothing more that has to be kept: what its history holds is there for others. */
  end(): void {
    this.#history.end()
  }

  snapshot(): PresenceSnapshot {
    const { epoch, seq } = this.#standing()
    return { epoch, seq, digest: this.#set.digest, presences: [...this.#set.presences()] }
  }

  /** Net change since a position, or null where that is not known any more. */
  since(position: Position): FullDiff | null {
    const { epoch, seq } = this.#standing()
    if (position.epoch !== epoch) return null
    if (position.seq === seq) return emptyDiff(epoch, seq, this.#set.digest)
    return this.#history.since(position)
  }

  #lead(from: Position, to: PresenceSnapshot, seq: Seq, reasons: LeaveReasons): FullDiff | null {
    const changes = diffSnapshots(this.#set.presences(), to.presences, reasons)
    return this.apply({ epoch: from.epoch, base: from.seq, seq, digest: to.digest, ...changes })
  }

  #standing(): Position {
    const { position } = this
    if (!position) throw new Error('A topic was asked for its state before its first snapshot.')
    return position
  }
}

function emptyDiff(epoch: Epoch, seq: Seq, digest: number): FullDiff {
  return { epoch, base: seq, seq, digest, joins: [], updates: [], leaves: [], appeared: [], disappeared: [] }
}
