import type { Topic } from '@rollcall/shared-protocol'
import type { ReceivedFrame } from '../connection/connection-state'

/** A channel as its socket sees it. */
export interface OpenChannel {
  readonly topic: Topic
  /** The object that the application holds. */
  readonly channel: unknown
  receive(frame: ReceivedFrame): void
  connected(): void
  /** `isFinal`: the connection does not come back by itself. */
  lost(isFinal: boolean): void
  replacePayload(payload: unknown): void
}

/** The channels of one socket by topic. A channel is listed until it has left. */
export class Channels {
  readonly #byTopic = new Map<Topic, OpenChannel>()
  /** Pushes that wait for a join, in all channels together: they share the bound `maxQueuedPushes`. */
  queuedPushes = 0

  get(topic: Topic): OpenChannel | undefined {
    return this.#byTopic.get(topic)
  }

  /** A copy: during a walk over it a channel may leave, or a listener may open another one. */
  all(): readonly OpenChannel[] {
    return [...this.#byTopic.values()]
  }

  /** Returns false if another channel has the topic. */
  add(channel: OpenChannel): boolean {
    const known = this.#byTopic.get(channel.topic)
    if (known && known !== channel) return false
    this.#byTopic.set(channel.topic, channel)
    return true
  }

  remove(channel: OpenChannel): void {
    if (this.#byTopic.get(channel.topic) === channel) this.#byTopic.delete(channel.topic)
  }
}
