import type { Presence, Topic } from '@rollcall/shared-protocol'
import { SmallMap } from '../small-map'

/** Topics remembered for one session. Beyond that the oldest is forgotten. */
const MAX_TOPICS = 64

/** What a session last showed of itself in the topics where it may only read. */
export class ShownPresences {
  readonly #byTopic = new SmallMap<Topic, Presence>()

  get(topic: Topic): Presence | undefined {
    return this.#byTopic.get(topic)
  }

  set(topic: Topic, presence: Presence): void {
    if (!this.#byTopic.has(topic) && this.#byTopic.size >= MAX_TOPICS) {
      this.#byTopic.delete(this.#byTopic.keys()[0] as Topic)
    }
    this.#byTopic.set(topic, presence)
  }

  delete(topic: Topic): void {
    this.#byTopic.delete(topic)
  }
}
