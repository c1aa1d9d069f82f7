import {
  continuityOf,
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

/*
 *  store's feed:  snapshot   -> reset()  replaces the whole state: a new epoch, or a gap in the diffs
 *                 diff       -> apply()  changes it, where the diff follows the position
 *                                 |
 *                          FullDiff: the change for the subscribers, with the previous presences
 */

/** This node's copy of one topic, with its recent diffs. It does no I/O. */
export class TopicState {
  readonly #set = new PresenceSet()
  readonly #history: History
  /** A new object at each change: RecentStates compares it by identity. */
  #position: Position | null = null

  constructor(bounds: HistoryBounds, budget: HistoryBudget) {
    this.#history = new History(bounds, budget)
  }

  /** This node's position in the topic's history; null until the first snapshot. */
  get position(): Position | null {
    return this.#position
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
    this.#position = positionOf(snapshot)
    this.#set.replace(snapshot.presences)
    this.#history.clear()
  }

  /**
   * Applies a later state of the same history and returns the net change. Returns null where the snapshot belongs to
   * another history or is not later; call {@link conclude} then.
   */
  follow(snapshot: PresenceSnapshot, reasons: LeaveReasons): FullDiff | null {
    const { position } = this
    if (!position || position.epoch !== snapshot.epoch) return null
    // Null where the snapshot is not later: the diff to it is then an old one.
    const missed = this.#lead(position, snapshot, snapshot.seq, reasons)
    // A store that lost writes may reuse a rev for another meta. The digest then differs, and only a reset is safe.
    return this.#set.digest === snapshot.digest ? missed : null
  }

  /**
   * Replaces the state and, where the snapshot begins another history, returns the net change to it as the last step of
   * the old history. No client can resume from the position of that step.
   */
  conclude(snapshot: PresenceSnapshot, reasons: LeaveReasons): FullDiff | null {
    const { position } = this
    const isOther = position !== null && position.epoch !== snapshot.epoch
    const last = isOther ? this.#lead(position, snapshot, position.seq + 1, reasons) : null
    this.reset(snapshot)
    return last
  }

  /**
   * Applies a diff that follows the position and returns it with the previous presences. Returns null for any other: an
   * old one is in the state already, and after a gap the store sends a snapshot. (S-1)
   */
  apply(diff: PresenceDiff): FullDiff | null {
    if (this.#position === null || continuityOf(this.#position, diff) !== 'apply') return null
    this.#position = positionOf(diff)
    const full = fullDiff(diff, this.#set.apply(diff))
    this.#history.push(full)
    return full
  }

  /** Returns the history's bytes to the node's budget. Call it when the topic is closed. */
  end(): void {
    this.#history.end()
  }

  snapshot(): PresenceSnapshot {
    const { epoch, seq } = this.#knownPosition()
    return { epoch, seq, digest: this.#set.digest, presences: [...this.#set.presences()] }
  }

  /** Net change since a position, or null where the history no longer reaches back to it. */
  since(position: Position): FullDiff | null {
    const { epoch, seq } = this.#knownPosition()
    if (position.epoch !== epoch) return null
    if (position.seq === seq) return emptyDiff(epoch, seq, this.#set.digest)
    return this.#history.since(position)
  }

  #lead(from: Position, to: PresenceSnapshot, seq: Seq, reasons: LeaveReasons): FullDiff | null {
    const changes = diffSnapshots(this.#set.presences(), to.presences, reasons)
    return this.apply({ epoch: from.epoch, base: from.seq, seq, digest: to.digest, ...changes })
  }

  #knownPosition(): Position {
    const { position } = this
    if (!position) throw new Error('A topic was asked for its state before its first snapshot.')
    return position
  }
}

function positionOf({ epoch, seq }: Position): Position {
  return { epoch, seq }
}

function emptyDiff(epoch: Epoch, seq: Seq, digest: number): FullDiff {
  return { epoch, base: seq, seq, digest, joins: [], updates: [], leaves: [], appeared: [], disappeared: [] }
}
