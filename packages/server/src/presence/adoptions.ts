import type { LeaveReason, Presence, Topic } from '@rollcall/shared-protocol'
import type { Clock, Timer } from '../io/clock'
import type { Owner } from './owned'

interface Adoption {
  readonly outcome: Promise<Presence | null>
  /** Why the presence is to go as soon as it is there; null while it is wanted. */
  revokedFor: LeaveReason | null
  /** It is not ours to take over any more. */
  isAbandoned: boolean
}

/** Takes a presence that has come, and says what the owner has now. `revokedFor`: it is not wanted any more. */
export type TakeAdopted = (presence: Presence, revokedFor: LeaveReason | null) => Presence | null

/** How long one that failed waits for its next try, in milliseconds. */
const RETRY_MS = 250

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
  readonly #retries = new Set<{ readonly timer: Timer; readonly giveUp: () => void }>()
  #isClosed = false

  constructor(ask: (owner: Owner, topic: Topic) => Promise<Presence | null>, clock: Clock) {
    this.#ask = ask
    this.#clock = clock
  }

  /** What comes of the one that is under way, or of another one. Never rejects; null once this is closed. */
  run(owner: Owner, topic: Topic, take: TakeAdopted): Promise<Presence | null> {
    const topics = this.#byOwner.get(owner) ?? new Map<Topic, Adoption>()
    const earlier = topics.get(topic)
    if (earlier) {
      // Wanted again.
      earlier.revokedFor = null
      return earlier.outcome
    }
    const ask = async () => {
      try {
        const presence = await this.#askUntilAnswered(owner, topic, adoption)
        return presence && !adoption.isAbandoned ? take(presence, adoption.revokedFor) : null
      } finally {
        if (topics.get(topic) === adoption) topics.delete(topic)
        if (topics.size === 0 && this.#byOwner.get(owner) === topics) this.#byOwner.delete(owner)
      }
    }
    // Not before the entry is there: the store's answer may not take a turn.
    const adoption: Adoption = { outcome: Promise.resolve().then(ask), revokedFor: null, isAbandoned: false }
    this.#byOwner.set(owner, topics.set(topic, adoption))
    return adoption.outcome
  }

  /** Whether one was under way that had not been revoked. */
  revoke(owner: Owner, topic: Topic, reason: LeaveReason): boolean {
    const adoption = this.#byOwner.get(owner)?.get(topic)
    if (!adoption || adoption.revokedFor !== null) return false
    adoption.revokedFor = reason
    return true
  }

  /** Another node goes on with the owner: nothing more is asked for it, or it would be taken away from that node. */
  abandon(owner: Owner): void {
    for (const adoption of this.#byOwner.get(owner)?.values() ?? []) adoption.isAbandoned = true
    this.#byOwner.delete(owner)
  }

  close(): void {
    this.#isClosed = true
    for (const { timer, giveUp } of this.#retries) {
      timer.cancel()
      giveUp()
    }
    this.#retries.clear()
  }

  async #askUntilAnswered(owner: Owner, topic: Topic, adoption: Adoption): Promise<Presence | null> {
    while (!this.#isClosed && !adoption.isAbandoned) {
      try {
        return await this.#ask(owner, topic)
      } catch {
        await this.#pause()
      }
    }
    return null
  }

  #pause(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#clock.after(RETRY_MS, () => {
        this.#retries.delete(retry)
        resolve()
      })
      const retry = { timer, giveUp: resolve }
      this.#retries.add(retry)
    })
  }

  topicsOf(owner: Owner): Topic[] {
    return [...(this.#byOwner.get(owner)?.keys() ?? [])]
  }
}
