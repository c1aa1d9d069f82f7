import type { Frame } from '@rollcall/shared-protocol'
import type { Tick, Ticked } from '../io/tick'
import type { Wire } from '../io/wire'

/**
 * What is due to one peer. All that comes in one turn of the event loop leaves in one write. A peer that reads too
 * slowly for what it is sent is cut off, or its backlog would take the server's memory. (S-9)
 */
export class Outbox implements Ticked {
  readonly #wire: Wire
  readonly #tick: Tick
  readonly #maxBufferedBytes: number
  readonly #onOverflow: (bufferedBytes: number) => void
  #due: Frame[] = []

  constructor(wire: Wire, tick: Tick, maxBufferedBytes: number, onOverflow: (bufferedBytes: number) => void) {
    this.#wire = wire
    this.#tick = tick
    this.#maxBufferedBytes = maxBufferedBytes
    this.#onOverflow = onOverflow
  }

  push(frames: readonly Frame[]): void {
    if (frames.length === 0) return
    if (this.#due.length === 0) this.#tick.mark(this)
    for (const frame of frames) this.#due.push(frame)
  }

  /** Writes what is due now, where the end of the turn would be too late: before a close. */
  onTick(): void {
    if (this.#due.length === 0) return
    const due = this.#due
    this.#due = []
    this.#wire.send(due)
    const { bufferedBytes } = this.#wire
    if (bufferedBytes > this.#maxBufferedBytes) this.#onOverflow(bufferedBytes)
  }
}
