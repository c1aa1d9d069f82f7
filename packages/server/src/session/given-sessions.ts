import type { Topic } from '@rollcall/shared-protocol'
import type { Clock, Timer } from '../io/clock'
import type { Owner } from '../presence/owned'

/** What sessions that nodes take from each other need of the presences. */
export interface GivenPresences {
  giveAway(owner: Owner): readonly Topic[]
  release(owner: Owner, topic: Topic): void
}

export interface GivenSessionsContext {
  readonly clock: Clock
  readonly presences: GivenPresences
  /** Milliseconds that another node has to adopt the presences of a session that it has taken. */
  readonly claimMs: number
}

interface Given {
  readonly topics: readonly Topic[]
  readonly timer: Timer
}

/** Sessions that other nodes go on with, as long as some of their presences may not have been adopted. */
export class GivenSessions {
  readonly #context: GivenSessionsContext
  readonly #given = new Map<string, Given>()

  constructor(context: GivenSessionsContext) {
    this.#context = context
  }

  /** Another node has it now. What that node does not adopt in time leaves. */
  give(id: string): void {
    const earlier = this.#given.get(id)?.topics ?? []
    this.#releaseLater(id, [...earlier, ...this.#context.presences.giveAway(id)])
  }

  /** It is back: it has that time anew, here. */
  takeBack(id: string): void {
    const given = this.#given.get(id)
    if (given) this.#releaseLater(id, given.topics)
  }

  /** Nothing of it is this node's business any more. */
  clear(): void {
    for (const { timer } of this.#given.values()) timer.cancel()
    this.#given.clear()
  }

  #releaseLater(id: string, topics: readonly Topic[]): void {
    const { clock, claimMs, presences } = this.#context
    this.#given.get(id)?.timer.cancel()
    const timer = clock.after(claimMs, () => {
      this.#given.delete(id)
      for (const topic of topics) presences.release(id, topic)
    })
    this.#given.set(id, { topics, timer })
  }
}
