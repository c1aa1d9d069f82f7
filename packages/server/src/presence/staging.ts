import type { LeaveReason, Presence, PresenceRef } from '@rollcall/shared-protocol'
import type { Change } from '../store/store'

/**
 * This node's changes to one topic that the store has not confirmed, at most one for each presence (P-2):
 *
 * ```
 * put new + put      -> put new, at the later meta         take()     staged -> in flight
 * put new + drop     -> nothing                            settle()   in flight -> gone
 * update  + update   -> the later one                      restore()  in flight -> staged, under what is newer
 * update  + drop     -> drop
 * ```
 */
export class Staging {
  #staged = new Map<PresenceRef, Change>()
  /** Staged refs that the store has never heard of: dropping one of them leaves nothing to tell. */
  #uncommitted = new Set<PresenceRef>()
  #inFlight = new Map<PresenceRef, Change>()
  /** Staged drops of what may be another node's by now, so that they may come to nothing. */
  readonly #ifStillHeld = new Set<PresenceRef>()

  /** Changes that wait for a commit. */
  get size(): number {
    return this.#staged.size
  }

  /** Changes that the store has not confirmed. */
  get waiting(): number {
    return this.#staged.size + this.#inFlight.size
  }

  get isEmpty(): boolean {
    return this.waiting === 0
  }

  /** Whether the store has certainly never heard of it. */
  isUncommitted(ref: PresenceRef): boolean {
    return this.#uncommitted.has(ref)
  }

  isLeaving(ref: PresenceRef): boolean {
    return this.#staged.get(ref)?.op === 'drop' || this.#inFlight.get(ref)?.op === 'drop'
  }

  join(presence: Presence, owner: string): void {
    this.#uncommitted.add(presence.ref)
    this.update(presence, owner)
  }

  update({ ref, key, meta, rev }: Presence, owner: string): void {
    this.#staged.set(ref, { op: 'put', ref, key, meta, rev, owner })
  }

  /** `doubtful`: another node may hold it by now, and then it stays. It is shown until the store says that it is gone. */
  leave(ref: PresenceRef, reason: LeaveReason, certainty: 'certain' | 'doubtful' = 'certain'): void {
    if (certainty === 'doubtful' && !this.#uncommitted.has(ref)) this.#ifStillHeld.add(ref)
    if (this.#uncommitted.delete(ref)) this.#staged.delete(ref)
    else this.#staged.set(ref, { op: 'drop', ref, reason })
  }

  /** Everything staged, for one commit. Not to be called again before {@link confirm} or {@link restore}. */
  take(): Change[] {
    this.#inFlight = this.#staged
    this.#staged = new Map()
    this.#uncommitted = new Set()
    return [...this.#inFlight.values()]
  }

  /** The commit went through. */
  confirm(): void {
    for (const [ref, { op }] of this.#inFlight) if (op === 'drop') this.#ifStillHeld.delete(ref)
    this.#inFlight = new Map()
  }

  /**
   * The commit did not, or its answer was lost: what was in flight waits again. None of it is fresh any more, as the
   * store may have heard of it: a presence that was dropped without a word would stay there for ever.
   */
  restore(): void {
    const newer = this.#staged
    this.#staged = this.#inFlight
    this.#inFlight = new Map()
    for (const [ref, change] of newer) this.#staged.set(ref, change)
  }

  /** What the store has told, with the unconfirmed changes on top: what this node has already promised. */
  overlay(presences: Iterable<Presence>): Presence[] {
    const view = new Map<PresenceRef, Presence>()
    for (const presence of presences) view.set(presence.ref, presence)
    for (const changes of [this.#inFlight, this.#staged]) {
      for (const change of changes.values()) {
        if (change.op === 'put')
          view.set(change.ref, { ref: change.ref, key: change.key, meta: change.meta, rev: change.rev })
        else if (!this.#ifStillHeld.has(change.ref)) view.delete(change.ref)
      }
    }
    return [...view.values()]
  }

  /** How many {@link overlay} shows, where the store has told of `size` and knows a ref by `has`. */
  countOver(size: number, has: (ref: PresenceRef) => boolean): number {
    let count = size
    // What is staged is newer than what is in flight.
    for (const [ref, { op }] of new Map([...this.#inFlight, ...this.#staged])) {
      if (op === 'put' && !has(ref)) count++
      else if (op === 'drop' && has(ref) && !this.#ifStillHeld.has(ref)) count--
    }
    return count
  }
}
