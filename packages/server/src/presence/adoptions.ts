import type { LeaveReason, Presence, Topic } from '@rollcall/shared-protocol'
import { retryDelay, STORE_RETRY } from '../async/retry'
import type { Clock } from '../io/clock'
import type { Owner } from './owned-presences'

interface Adoption {
  readonly outcome: Promise<Presence | null>
  /** Set if the presence must leave as soon as it arrives; null while it is wanted. */
  leaveReason: LeaveReason | null
  /** Another node goes on with the owner, so this node must not adopt. */
  isCancelled: boolean
  /** Ends the pause before the next try; null while there is no pause. */
  endPause: (() => void) | null
}

/** Called with an arrived presence; returns the owner's presence from then on. `leaveReason` is set if it must leave. */
export type OnAdopted = (presence: Presence, leaveReason: LeaveReason | null) => Presence | null

/**
 * Adoptions of presences from other nodes, at most one at a time per owner and topic. A presence that is ended before it
 * arrives must not be there afterwards.
 *
 * A failed adoption may have succeeded in the store, which would leave a presence that this node does not know. It is
 * therefore tried again until the store replies.
 */
export class Adoptions {
  readonly #adoptInStore: (owner: Owner, topic: Topic) => Promise<Presence | null>
  readonly #clock: Clock
  readonly #byOwner = new Map<Owner, Map<Topic, Adoption>>()
  /** Adoptions that pause before the next try. */
  readonly #pausing = new Set<Adoption>()
  #isClosed = false

  constructor(adoptInStore: (owner: Owner, topic: Topic) => Promise<Presence | null>, clock: Clock) {
    this.#adoptInStore = adoptInStore
    this.#clock = clock
  }

  /** Joins the adoption in progress or begins one. Resolves with the owner's presence, or null. Never rejects. */
  adopt(owner: Owner, topic: Topic, onAdopted: OnAdopted): Promise<Presence | null> {
    const topics = this.#byOwner.get(owner) ?? new Map<Topic, Adoption>()
    const earlier = topics.get(topic)
    if (earlier) {
      // It may have been revoked, and is wanted again.
      earlier.leaveReason = null
      return earlier.outcome
    }
    const run = async () => {
      try {
        const presence = await this.#adoptUntilDone(owner, topic, adoption)
        return presence && !adoption.isCancelled ? onAdopted(presence, adoption.leaveReason) : null
      } finally {
        if (topics.get(topic) === adoption) topics.delete(topic)
        if (topics.size === 0 && this.#byOwner.get(owner) === topics) this.#byOwner.delete(owner)
      }
    }
    // Begins after this turn, when the entry below exists: the store may reply within the same turn.
    const outcome = Promise.resolve().then(run)
    const adoption: Adoption = { outcome, leaveReason: null, isCancelled: false, endPause: null }
    this.#byOwner.set(owner, topics.set(topic, adoption))
    return adoption.outcome
  }

  /** Makes the presence leave when it arrives. Returns whether an adoption was in progress and not yet revoked. */
  revoke(owner: Owner, topic: Topic, reason: LeaveReason): boolean {
    const adoption = this.#byOwner.get(owner)?.get(topic)
    if (!adoption || adoption.leaveReason !== null) return false
    adoption.leaveReason = reason
    return true
  }

  /** Stops all adoptions of an owner with which another node goes on: they would take its presences from that node. */
  cancelAll(owner: Owner): void {
    for (const adoption of this.#byOwner.get(owner)?.values() ?? []) {
      adoption.isCancelled = true
      adoption.endPause?.()
    }
    this.#byOwner.delete(owner)
  }

  close(): void {
    this.#isClosed = true
    this.retryNow()
  }

  /** Ends all pauses. Call it when the store is reachable again. */
  retryNow(): void {
    for (const { endPause } of [...this.#pausing]) endPause?.()
  }

  async #adoptUntilDone(owner: Owner, topic: Topic, adoption: Adoption): Promise<Presence | null> {
    for (let failures = 1; !this.#isClosed && !adoption.isCancelled; failures++) {
      try {
        return await this.#adoptInStore(owner, topic)
      } catch {
        await this.#pause(adoption, retryDelay(failures, STORE_RETRY))
      }
    }
    return null
  }

  #pause(adoption: Adoption, delayMs: number): Promise<void> {
    if (this.#isClosed || adoption.isCancelled) return Promise.resolve()
    return new Promise((resolve) => {
      const end = () => {
        timer.cancel()
        this.#pausing.delete(adoption)
        adoption.endPause = null
        resolve()
      }
      const timer = this.#clock.after(delayMs, end)
      adoption.endPause = end
      this.#pausing.add(adoption)
    })
  }

  topicsOf(owner: Owner): Topic[] {
    return [...(this.#byOwner.get(owner)?.keys() ?? [])]
  }
}
