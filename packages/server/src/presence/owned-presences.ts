import { type Fault, type Limits, limitFault, type Presence, type Topic } from '@rollcall/shared-protocol'
import { KeyCounts, SmallMap } from '../collections'
import { type Account, nameAccount } from '../identity/account'

/** Names who tracks a presence: a session's id, or any string that an application chooses. */
export type Owner = string

/** One owner's presences, all counted for one account or for none. */
class OwnerPresences extends SmallMap<Topic, Presence> {
  account: Account | null = null
}

/** The presences that this node's owners track, at most one per owner and topic, with counts per node and account. */
export class OwnedPresences {
  readonly #byOwner = new Map<Owner, OwnerPresences>()
  readonly #ofAccount = new KeyCounts()
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Accounts that have presences. */
  get accountCount(): number {
    return this.#ofAccount.size
  }

  /** Presences of the account, over all its owners. */
  countOf(account: Account): number {
    return this.#ofAccount.of(account)
  }

  /** Returns the limit that one more presence of this owner would break, or null. */
  fullFault(owner: Owner, account: Account | null, limits: Limits): Fault | null {
    const { capacity, presencesPerIdentity } = limits
    const counted = this.#byOwner.get(owner)?.account ?? account
    const own = counted === null ? 0 : this.countOf(counted)
    // The account's own limit comes first: it does not depend on other accounts.
    if (counted !== null && own >= presencesPerIdentity) {
      return capacityFault(`${nameAccount(counted)} holds`, 'presencesPerIdentity', presencesPerIdentity, own)
    }
    const count = this.#count
    return count >= capacity ? capacityFault('This node holds', 'capacity', capacity, count) : null
  }

  get(owner: Owner, topic: Topic): Presence | undefined {
    return this.#byOwner.get(owner)?.get(topic)
  }

  /** An owner keeps its first account; presences that it had without one are counted for the account from then on. */
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

  topicsOf(owner: Owner): Topic[] {
    return this.#byOwner.get(owner)?.keys() ?? []
  }
}

function capacityFault(
  who: string,
  name: 'capacity' | 'presencesPerIdentity',
  max: number,
  held: number,
): Fault {
  return { ...limitFault(`${who} ${held} presences`, name, max, held + 1), code: 'capacity_exceeded' }
}
