import type { Presence, Topic } from '@rollcall/shared-protocol'
import { weighJson } from '../presence/weigh'
import { SmallMap } from '../small-map'

/** Bytes of memory, about, for what one session has shown: enough for several hundred topics with ordinary metas. */
const MAX_BYTES = 262_144
/** A remembered presence, beside its texts and its meta. */
const ENTRY_BYTES = 160

/**
 * What a session last showed of itself in the topics where it may only read. Nothing is dropped for something newer:
 * a topic that was forgotten would look like one that the session was never in, where it may show anything. (S-95)
 */
export class ShownPresences {
  readonly #byTopic = new SmallMap<Topic, Presence>()
  #bytes = 0
  #isComplete = true

  /** About how many bytes it holds. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether a topic that is not here is one in which the session has shown nothing. Once false, it stays so. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  get(topic: Topic): Presence | undefined {
    return this.#byTopic.get(topic)
  }

  /** Remembers it, where there is room. */
  set(topic: Topic, presence: Presence): void {
    this.delete(topic)
    const bytes = weigh(topic, presence)
    if (this.#bytes + bytes > MAX_BYTES) {
      this.#isComplete = false
      return
    }
    this.#bytes += bytes
    this.#byTopic.set(topic, presence)
  }

  delete(topic: Topic): void {
    const known = this.#byTopic.get(topic)
    if (!known) return
    this.#bytes -= weigh(topic, known)
    this.#byTopic.delete(topic)
  }
}

function weigh(topic: Topic, { ref, key, meta }: Presence): number {
  return ENTRY_BYTES + weighJson([topic, ref, key, meta])
}
