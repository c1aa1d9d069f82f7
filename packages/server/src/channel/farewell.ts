import type { ServerMessage } from '@rollcall/shared-protocol'

/**
 * The last that a client is told of a membership: that it is over. Replies that it waits for go first, to the message
 * whose handler ended it and to the newer join that took its place: a client forgets a channel that is closed, and its
 * pushes with it.
 */
export class Farewell {
  readonly #outlet: { send(message: ServerMessage): void }
  /** Replies that go first. */
  #holds = 0
  #message: ServerMessage | null = null

  constructor(outlet: { send(message: ServerMessage): void }) {
    this.#outlet = outlet
  }

  /** Something goes first. To be followed by a {@link release}. */
  hold(): void {
    this.#holds++
  }

  /** It has gone. */
  release(): void {
    this.#holds--
    this.#flush()
  }

  /** Says it, as soon as nothing goes first. */
  say(message: ServerMessage): void {
    this.#message = message
    this.#flush()
  }

  #flush(): void {
    if (this.#holds > 0 || !this.#message) return
    this.#outlet.send(this.#message)
    this.#message = null
  }
}
