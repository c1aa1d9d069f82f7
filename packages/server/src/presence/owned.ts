import type { Presence, Topic } from '@rollcall/shared-protocol'
import { SmallMap } from '../small-map'

/** Who tracks: an id of a session, or whatever else is told apart by a string. */
export type Owner = string

/** What this node's owners track, at most one presence for each owner in each topic, and how many that are. */
export class Owned {
  readonly #byOwner = new Map<Owner, SmallMap<Topic, Presence>>()
  #count = 0

  get count(): number {
    return this.#count
  }

  get(owner: Owner, topic: Topic): Presence | undefined {
    return this.#byOwner.get(owner)?.get(topic)
  }

  set(owner: Owner, topic: Topic, presence: Presence): void {
    let topics = this.#byOwner.get(owner)
    if (!topics) {
      topics = new SmallMap()
      this.#byOwner.set(owner, topics)
    }
    if (!topics.has(topic)) this.#count++
    topics.set(topic, presence)
  }

  delete(owner: Owner, topic: Topic): Presence | undefined {
    const topics = this.#byOwner.get(owner)
    const presence = topics?.get(topic)
    if (!topics || !presence) return undefined
    topics.delete(topic)
    if (topics.size === 0) this.#byOwner.delete(owner)
    this.#count--
    return presence
  }

  owners(): Owner[] {
    return [...this.#byOwner.keys()]
  }

  topicsOf(owner: Owner): Topic[] {
    return this.#byOwner.get(owner)?.keys() ?? []
  }
}
