import type { MessageRef, Topic } from '@rollcall/shared-protocol'
import type { ReceivedFrame } from '../connection/connection-state'

/*
 *   add --> owed --+ sent again, over a resumed session
 *            |   <-+
 *            +--> forgotten: its leave was answered, the topic is joined again, the session is over
 */

/** Topics that the session may be in on the server, though this client is done with them. (C-22) */
export class PendingLeaves {
  /** By the leave that was sent last; null where none could be. */
  readonly #leaves = new Map<Topic, MessageRef>()

  /** `ref`: of the leave that is sent now; null while there is no connection. */
  add(topic: Topic, ref: MessageRef): void {
    this.#leaves.set(topic, ref)
  }

  /** It is to be joined again: the join takes the place of the channel that was done with. */
  cancel(topic: Topic): void {
    this.#leaves.delete(topic)
  }

  /** Whether the frame answers the leave that was sent last, which is the end of it. */
  acknowledge(frame: ReceivedFrame): boolean {
    const isAnswer =
      frame.kind === 'reply' && frame.ref !== null && this.#leaves.get(frame.topic) === frame.ref
    if (isAnswer) this.#leaves.delete(frame.topic)
    return isAnswer
  }

  /** As they are now, in the order in which they were done with. */
  get topics(): readonly Topic[] {
    return [...this.#leaves.keys()]
  }

  /** The session that they were of is over. */
  clear(): void {
    this.#leaves.clear()
  }
}
