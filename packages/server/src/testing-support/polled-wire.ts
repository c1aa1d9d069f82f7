import type { Frame } from '@rollcall/shared-protocol'
import { readPost } from '../http/longpoll-body'
import { LongPollWire, type Poll } from '../http/longpoll-wire'
import type { WireEvents } from '../io/wire'
import type { VirtualClock } from './virtual-clock'

/** A long-poll wire without HTTP. Its client always has a poll waiting, and posts each frame alone. */
export class PolledWire {
  /** The messages of each response. */
  readonly writes: (readonly Frame[])[] = []
  readonly #clock: VirtualClock
  readonly #wire: LongPollWire
  #isOver = false
  #waiting: Poll | null = null

  constructor(clock: VirtualClock) {
    this.#clock = clock
    this.#wire = new LongPollWire({
      clock,
      windowMs: 10_000,
      closeTimeoutMs: 500,
      silenceMs: 30_000,
      onOver: () => {
        this.#isOver = true
      },
    })
  }

  open(begin: (wire: LongPollWire) => WireEvents): void {
    this.#wire.listen(begin(this.#wire))
    this.#poll()
  }

  receive(frame: string): void {
    const post = readPost(Buffer.from(frame), 'application/x-ndjson', 1)
    if ('status' in post) throw new Error(post.message)
    this.#wire.post(post)
  }

  /** The client aborts its waiting poll. */
  end(): void {
    if (this.#waiting) this.#wire.lose(this.#waiting)
  }

  #poll(): void {
    const poll: Poll = {
      answer: (_status, messages) => {
        this.writes.push(messages)
        this.#clock.soon(() => {
          this.#wire.progress(poll, 0)
          if (!this.#isOver) this.#poll()
        })
      },
      cut: () => {},
    }
    this.#waiting = poll
    this.#wire.poll(poll)
  }
}
