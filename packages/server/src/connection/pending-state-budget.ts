import { type Account, isGuests } from '../identity/account'

/** Waits for space: an outbox. */
export interface SpaceListener {
  onStateSpace(): void
}

interface AccountUsage {
  bytes: number
  readonly waiting: Set<SpaceListener>
}

/**
 * Counts, per account, the bytes of states that wait to be read. A state may have many megabytes, and each connection of
 * an account may have its own. Past the limit the account gets no further state until it has read some. (S-49)
 *
 * The guests of one address are strangers to each other. Each of their connections counts at most a share of the limit, so
 * that a guest who reads nothing does not withhold the states of the others. (S-96)
 */
export class PendingStateBudget {
  readonly #maxBytes: number
  readonly #guestShareBytes: number
  readonly #usages = new Map<Account, AccountUsage>()

  /** @param guestsPerAddress guests of one address that may have a large state waiting before the others have to wait */
  constructor(maxBytes: number, guestsPerAddress: number) {
    this.#maxBytes = maxBytes
    this.#guestShareBytes = maxBytes / guestsPerAddress
  }

  /** Accounts with waiting states. */
  get size(): number {
    return this.#usages.size
  }

  /** The part of one connection's waiting bytes that counts for its account. */
  countedBytes(account: Account, bytes: number): number {
    return isGuests(account) ? Math.min(bytes, this.#guestShareBytes) : bytes
  }

  hasSpace(account: Account): boolean {
    return (this.#usages.get(account)?.bytes ?? 0) < this.#maxBytes
  }

  /** Adds waiting {@link countedBytes}, or removes them if negative. Calls the listeners once there is space. */
  change(account: Account, bytes: number): void {
    if (bytes === 0) return
    const usage = this.#usages.get(account) ?? { bytes: 0, waiting: new Set() }
    this.#usages.set(account, usage)
    usage.bytes += bytes
    if (usage.bytes <= 0) this.#usages.delete(account)
    if (usage.bytes >= this.#maxBytes) return
    const waiting = [...usage.waiting]
    usage.waiting.clear()
    for (const listener of waiting) listener.onStateSpace()
  }

  /** Calls the listener once when there is space. Call it only if there is none now. */
  waitForSpace(account: Account, listener: SpaceListener): void {
    this.#usages.get(account)?.waiting.add(listener)
  }

  forget(account: Account, listener: SpaceListener): void {
    this.#usages.get(account)?.waiting.delete(listener)
  }
}
