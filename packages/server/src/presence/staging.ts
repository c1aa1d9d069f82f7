import type { LeaveReason, Presence, PresenceRef } from '@rollcall/shared-protocol'
import type { Change } from '../store/store'

export interface LeaveOptions {
  /** Another node may have adopted the presence; it then stays, and is shown until the store reports that it left. */
  readonly ifStillHeld?: boolean
}

/**
 * This node's changes to one topic that the store has not confirmed, at most one per presence (P-2):
 *
 * ```
 * put new + put      -> put new, with the later meta       take()     staged -> in flight
 * put new + drop     -> nothing                            confirm()  in flight -> removed
 * update  + update   -> the later one                      restore()  in flight -> staged, below newer changes
 * update  + drop     -> drop
 * ```
 */
export class Staging {
  #staged = new Map<PresenceRef, Change>()
  /** Staged refs that the store has never received: dropping one needs no commit. */
  #uncommitted = new Set<PresenceRef>()
  #inFlight = new Map<PresenceRef, Change>()
  /** Staged drops that the store ignores if another node has adopted the presence. */
  readonly #ifStillHeld = new Set<PresenceRef>()

  /** Changes that no commit has taken. */
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

  /** Whether the store has certainly never received the presence. */
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

  leave(ref: PresenceRef, reason: LeaveReason, options?: LeaveOptions): void {
    if (options?.ifStillHeld && !this.#uncommitted.has(ref)) this.#ifStillHeld.add(ref)
    if (this.#uncommitted.delete(ref)) this.#staged.delete(ref)
    else this.#staged.set(ref, { op: 'drop', ref, reason })
  }

  /** Takes all staged changes for one commit. Call {@link confirm} or {@link restore} before you call it again. */
  take(): Change[] {
    this.#inFlight = this.#staged
    this.#staged = new Map()
    this.#uncommitted = new Set()
    return [...this.#inFlight.values()]
  }

  /** Removes the changes in flight. Call it when the commit succeeded. */
  confirm(): void {
    for (const [ref, { op }] of this.#inFlight) if (op === 'drop') this.#ifStillHeld.delete(ref)
    this.#inFlight = new Map()
  }

  /**
   * Stages the changes in flight again. Call it when the commit failed or its reply was lost. The store may have
   * received them, so none of them counts as uncommitted: a presence among them needs a drop to disappear.
   */
  restore(): void {
    const newer = this.#staged
    this.#staged = this.#inFlight
    this.#inFlight = new Map()
    for (const [ref, change] of newer) this.#staged.set(ref, change)
  }

  /** The store's presences with the unconfirmed changes on top, since this node has already accepted those. */
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

  /** The length of {@link overlay} over a store state of `size` presences; `has` looks up a ref in that state. */
  countOver(size: number, has: (ref: PresenceRef) => boolean): number {
    let count = size
    // Staged changes are newer than those in flight.
    for (const [ref, { op }] of new Map([...this.#inFlight, ...this.#staged])) {
      if (op === 'put' && !has(ref)) count++
      else if (op === 'drop' && has(ref) && !this.#ifStillHeld.has(ref)) count--
    }
    return count
  }
}
