import { type Account, isGuests } from '../identity/account'

/** Who waits for room: an outbox. */
export interface SpaceListener {
  onStateSpace(): void
}

interface AccountUsage {
  bytes: number
  readonly waiting: Set<SpaceListener>
}

/**
 * Bytes of states that wait to be read, by account. A state may have many megabytes, and each of an account's
 * connections may have one of its own: past the bound the account is given no further one until it has read. (S-49)
 * Accounts of whom nothing waits are forgotten.
 *
 * The guests of one address are strangers to each other. Each of their connections counts a share of the bound at most, so
 * that one guest who reads nothing does not keep the states from the others. (S-96)
 */
export class PendingStateBudget {
  readonly #maxBytes: number
  readonly #guestShareBytes: number
  readonly #shares = new Map<Account, AccountUsage>()

  /** So many guests of one address may each have a large state waiting before the others wait for room. */
  constructor(maxBytes: number, guestsPerAddress: number) {
    this.#maxBytes = maxBytes
    this.#guestShareBytes = maxBytes / guestsPerAddress
  }

  /** Accounts of whom a state waits. */
  get size(): number {
    return this.#shares.size
  }

  /** The bytes that count where so many wait for one connection of the account. */
  countedBytes(account: Account, bytes: number): number {
    return isGuests(account) ? Math.min(bytes, this.#guestShareBytes) : bytes
  }

  hasSpace(account: Account): boolean {
    return (this.#shares.get(account)?.bytes ?? 0) < this.#maxBytes
  }

  /** So many more {@link countedBytes} wait, or fewer where negative. Those who wait for room are told once there is some. */
  change(account: Account, bytes: number): void {
    if (bytes === 0) return
    const share = this.#shares.get(account) ?? { bytes: 0, waiting: new Set() }
    this.#shares.set(account, share)
    share.bytes += bytes
    if (share.bytes <= 0) this.#shares.delete(account)
    if (share.bytes >= this.#maxBytes) return
    const waiting = [...share.waiting]
    share.waiting.clear()
    for (const waiter of waiting) waiter.onStateSpace()
  }

  /** To be called only where there is no room. The waiter is told once. */
  waitForSpace(account: Account, waiter: SpaceListener): void {
    this.#shares.get(account)?.waiting.add(waiter)
  }

  forget(account: Account, waiter: SpaceListener): void {
    this.#shares.get(account)?.waiting.delete(waiter)
  }
}
