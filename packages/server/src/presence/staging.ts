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
  #fresh = new Set<PresenceRef>()
  #inFlight = new Map<PresenceRef, Change>()
  #inFlightFresh = new Set<PresenceRef>()

  /** Changes that wait for a commit. */
  get size(): number {
    return this.#staged.size
  }

  get isEmpty(): boolean {
    return this.#staged.size === 0 && this.#inFlight.size === 0
  }

  join(presence: Presence): void {
    this.#fresh.add(presence.ref)
    this.update(presence)
  }

  update({ ref, key, meta, rev }: Presence): void {
    this.#staged.set(ref, { op: 'put', ref, key, meta, rev })
  }

  leave(ref: PresenceRef, reason: LeaveReason): void {
    if (this.#fresh.delete(ref)) this.#staged.delete(ref)
    else this.#staged.set(ref, { op: 'drop', ref, reason })
  }

  /** Everything staged, for one commit. Not to be called again before {@link settle} or {@link restore}. */
  take(): Change[] {
    this.#inFlight = this.#staged
    this.#inFlightFresh = this.#fresh
    this.#staged = new Map()
    this.#fresh = new Set()
    return [...this.#inFlight.values()]
  }

  /** The commit went through. */
  settle(): void {
    this.#inFlight = new Map()
    this.#inFlightFresh = new Set()
  }

  /** The commit did not: what was in flight waits again. */
  restore(): void {
    const newer = this.#staged
    const newerFresh = this.#fresh
    this.#staged = this.#inFlight
    this.#fresh = this.#inFlightFresh
    this.settle()
    for (const [ref, change] of newer) {
      if (change.op === 'drop') this.leave(ref, change.reason)
      else this.#staged.set(ref, change)
    }
    for (const ref of newerFresh) this.#fresh.add(ref)
  }

  /** What the store has told, with the unconfirmed changes on top: what this node has already promised. */
  overlay(presences: Iterable<Presence>): Presence[] {
    const view = new Map<PresenceRef, Presence>()
    for (const presence of presences) view.set(presence.ref, presence)
    for (const changes of [this.#inFlight, this.#staged]) {
      for (const change of changes.values()) {
        if (change.op === 'drop') view.delete(change.ref)
        else view.set(change.ref, { ref: change.ref, key: change.key, meta: change.meta, rev: change.rev })
      }
    }
    return [...view.values()]
  }
}
