import { type Fault, fault } from '@rollcall/shared-protocol'
import { STORE_RETRY } from '../async/retry'

/** Counts one node's changes that the store has not confirmed, and refuses more of them while the store is unreachable. */
export class Backlog {
  readonly #maxChanges: number
  changes = 0
  /** Topics whose latest flush failed. */
  failingTopics = 0
  /** Whether the store reports itself reachable. */
  isReachable = true

  constructor(maxChanges: number) {
    this.#maxChanges = maxChanges
  }

  /** Returns why the node takes no further change, or null. */
  get fault(): Fault | null {
    // A store that reports itself reachable but takes no commits counts as unreachable.
    if ((this.isReachable && this.failingTopics === 0) || this.changes < this.#maxChanges) return null
    const text = `The store is unreachable and ${this.changes} changes wait for it; the limit is ${this.#maxChanges} (server option maxQueuedChanges). Try again later.`
    return fault('store_unavailable', text, { retryAfterMs: STORE_RETRY.maxMs })
  }
}
