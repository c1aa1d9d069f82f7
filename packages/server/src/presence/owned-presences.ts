import type { Presence, Topic } from '@rollcall/shared-protocol'
import { KeyCounts, SmallMap } from '../collections'
import type { Account } from '../identity/account'

/** Who tracks: an id of a session, or whatever else is told apart by a string. */
export type Owner = string

/** What one owner tracks, and whom that is counted for: all of it for one, or for nobody. */
class OwnerPresences extends SmallMap<Topic, Presence> {
  account: Account | null = null
}

/**
 * What this node's owners track, at most one presence for each owner in each topic, and how many that are, in all and of
 * each account.
 */
export class OwnedPresences {
  readonly #byOwner = new Map<Owner, OwnerPresences>()
  readonly #ofAccount = new KeyCounts()
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Accounts that have any. */
  get accountCount(): number {
    return this.#ofAccount.size
  }

  /** How many the account has, of all its owners. */
  countOf(account: Account): number {
    return this.#ofAccount.of(account)
  }

  /** The account that the owner's are counted for; null for none. */
  accountOf(owner: Owner): Account | null {
    return this.#byOwner.get(owner)?.account ?? null
  }

  get(owner: Owner, topic: Topic): Presence | undefined {
    return this.#byOwner.get(owner)?.get(topic)
  }

  /** An owner that has any keeps its account; one that had none gets it for all that it has. */
  set(owner: Owner, topic: Topic, presence: Presence, account: Account | null = null): void {
    let holding = this.#byOwner.get(owner)
    if (!holding) {
      holding = new OwnerPresences()
      this.#byOwner.set(owner, holding)
    }
    const isNew = !holding.has(topic)
    holding.set(topic, presence)
    if (isNew) this.#count++
    if (holding.account !== null) {
      if (isNew) this.#ofAccount.add(holding.account)
    } else if (account !== null) {
      holding.account = account
      this.#ofAccount.add(account, holding.size)
    }
  }

  delete(owner: Owner, topic: Topic): Presence | undefined {
    const holding = this.#byOwner.get(owner)
    const presence = holding?.get(topic)
    if (!holding || !presence) return undefined
    holding.delete(topic)
    if (holding.size === 0) this.#byOwner.delete(owner)
    this.#count--
    if (holding.account !== null) this.#ofAccount.remove(holding.account)
    return presence
  }

  owners(): Owner[] {
    return [...this.#byOwner.keys()]
  }

  topicsOf(owner: Owner): Topic[] {
    return this.#byOwner.get(owner)?.keys() ?? []
  }
}
