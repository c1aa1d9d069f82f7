import type { Account } from '../door/account'

/** Who waits for room: an outbox. */
export interface RoomWaiter {
  onStateRoom(): void
}

interface Share {
  bytes: number
  readonly waiting: Set<RoomWaiter>
}

/**
 * Bytes of states that wait to be read, by account. A state may have many megabytes, and each of an account's
 * connections may have one of its own: past the bound the account is given no further one until it has read. (S-49)
 * Accounts of whom nothing waits are forgotten.
 */
export class StateBudget {
  readonly #maxBytes: number
  readonly #shares = new Map<Account, Share>()

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Accounts of whom a state waits. */
  get size(): number {
    return this.#shares.size
  }

  hasRoom(account: Account): boolean {
    return (this.#shares.get(account)?.bytes ?? 0) < this.#maxBytes
  }

  /** So many more bytes wait, or fewer where negative. Those who wait for room are told once there is some. */
  change(account: Account, bytes: number): void {
    if (bytes === 0) return
    const share = this.#shares.get(account) ?? { bytes: 0, waiting: new Set() }
    this.#shares.set(account, share)
    share.bytes += bytes
    if (share.bytes <= 0) this.#shares.delete(account)
    if (share.bytes >= this.#maxBytes) return
    const waiting = [...share.waiting]
    share.waiting.clear()
    for (const waiter of waiting) waiter.onStateRoom()
  }

  /** To be called only where there is no room. The waiter is told once. */
  wait(account: Account, waiter: RoomWaiter): void {
    this.#shares.get(account)?.waiting.add(waiter)
  }

  forget(account: Account, waiter: RoomWaiter): void {
    this.#shares.get(account)?.waiting.delete(waiter)
  }
}
