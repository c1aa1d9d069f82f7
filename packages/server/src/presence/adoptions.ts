import type { LeaveReason, Presence, Topic } from '@rollcall/shared-protocol'
import { retryDelay } from '../async/retry'
import type { Clock } from '../io/clock'
import type { Owner } from './owned-presences'

interface Adoption {
  readonly outcome: Promise<Presence | null>
  /** Why the presence is to go as soon as it is there; null while it is wanted. */
  leaveReason: LeaveReason | null
  /** It is not ours to take over any more. */
  isCancelled: boolean
  /** Ends the pause before the next try; null where none is under way. */
  endPause: (() => void) | null
}

/** Takes a presence that has come, and says what the owner has now. `revokedFor`: it is not wanted any more. */
export type OnAdopted = (presence: Presence, revokedFor: LeaveReason | null) => Presence | null

/** How long one that failed waits for its next try, in milliseconds: after the first failure, and at most. */
const RETRY_MS = 250
const MAX_RETRY_MS = 1000

/**
 * Presences that are about to be taken over from other nodes, one for each owner and topic at a time. Whoever ends one
 * before it is there must not find it there afterwards.
 *
 * One that failed may have been taken over all the same, and would then be this node's without its knowing: it is tried
 * again until the store answers.
 */
export class Adoptions {
  readonly #ask: (owner: Owner, topic: Topic) => Promise<Presence | null>
  readonly #clock: Clock
  readonly #byOwner = new Map<Owner, Map<Topic, Adoption>>()
  /** Those that pause before the next try. */
  readonly #pausing = new Set<Adoption>()
  #isClosed = false

  constructor(ask: (owner: Owner, topic: Topic) => Promise<Presence | null>, clock: Clock) {
    this.#ask = ask
    this.#clock = clock
  }

  /** What comes of the one that is under way, or of another one. Never rejects; null once this is closed. */
  adopt(owner: Owner, topic: Topic, take: OnAdopted): Promise<Presence | null> {
    const topics = this.#byOwner.get(owner) ?? new Map<Topic, Adoption>()
    const earlier = topics.get(topic)
    if (earlier) {
      // Wanted again.
      earlier.leaveReason = null
      return earlier.outcome
    }
    const ask = async () => {
      try {
        const presence = await this.#askUntilAnswered(owner, topic, adoption)
        return presence && !adoption.isCancelled ? take(presence, adoption.leaveReason) : null
      } finally {
        if (topics.get(topic) === adoption) topics.delete(topic)
        if (topics.size === 0 && this.#byOwner.get(owner) === topics) this.#byOwner.delete(owner)
      }
    }
    // Not before the entry is there: the store's answer may not take a turn.
    const outcome = Promise.resolve().then(ask)
    const adoption: Adoption = { outcome, leaveReason: null, isCancelled: false, endPause: null }
    this.#byOwner.set(owner, topics.set(topic, adoption))
    return adoption.outcome
  }

  /** Whether one was under way that had not been revoked. */
  revoke(owner: Owner, topic: Topic, reason: LeaveReason): boolean {
    const adoption = this.#byOwner.get(owner)?.get(topic)
    if (!adoption || adoption.leaveReason !== null) return false
    adoption.leaveReason = reason
    return true
  }

  /** Another node goes on with the owner: nothing more is asked for it, or it would be taken away from that node. */
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

  /** The store is back: nothing waits for its pause to be over. */
  retryNow(): void {
    for (const { endPause } of [...this.#pausing]) endPause?.()
  }

  async #askUntilAnswered(owner: Owner, topic: Topic, adoption: Adoption): Promise<Presence | null> {
    for (let failures = 1; !this.#isClosed && !adoption.isCancelled; failures++) {
      try {
        return await this.#ask(owner, topic)
      } catch {
        await this.#pause(adoption, retryDelay(failures, RETRY_MS, MAX_RETRY_MS))
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
