import type { MessageRef, Topic } from '@rollcall/shared-protocol'
import type { ReceivedFrame } from '../connection/connection-state'

/*
 *   add --> pending --+ sent again, over a resumed session
 *              |    <-+
 *              +--> removed: the server replied, the topic is joined again, or the session has ended
 */

/** Topics that this client has left, but the session may still be in on the server. (C-22) */
export class PendingLeaves {
  /** The ref of the latest leave by topic; null if none could be sent. */
  readonly #leaves = new Map<Topic, MessageRef>()

  /** `ref` is that of the leave that is sent now; null without a connection. */
  add(topic: Topic, ref: MessageRef): void {
    this.#leaves.set(topic, ref)
  }

  /** Call it before the topic is joined again: the join replaces the old channel on the server. */
  cancel(topic: Topic): void {
    this.#leaves.delete(topic)
  }

  /** Whether the frame is the reply to the latest leave of its topic. If so, the leave is done. */
  acknowledge(frame: ReceivedFrame): boolean {
    const isReply =
      frame.kind === 'reply' && frame.ref !== null && this.#leaves.get(frame.topic) === frame.ref
    if (isReply) this.#leaves.delete(frame.topic)
    return isReply
  }

  /** A copy, oldest first. */
  get topics(): readonly Topic[] {
    return [...this.#leaves.keys()]
  }

  /** Call it when the session has ended: a new one is in no topic. */
  clear(): void {
    this.#leaves.clear()
  }
}
