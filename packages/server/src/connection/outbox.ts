import type { Packet } from '../io/packet'
import type { Tick, Ticked } from '../io/tick'
import type { Wire } from '../io/wire'

export interface OutboxOptions {
  /**
   * Bytes, states not counted, that wait for a reader past which it is told no more of presence: it is given the state
   * anew once it has read what waits. @default 65536
   */
  readonly softLimitBytes: number
  /** Bytes, states not counted, that may wait for a reader before it is cut off with 1013. @default 1048576 */
  readonly hardLimitBytes: number
}

/** What the outbox tells its connection. */
export interface OutboxEvents {
  /** More waits than the hard limit allows. */
  onOverflow(bufferedBytes: number): void
}

/** Never added to. */
const NOTHING: Packet[] = []

/**
 * What is due to one peer. All that comes in one turn of the event loop leaves in one write. A peer that reads too
 * slowly is congested for a while: then it is not to be told what can be told anew later. (S-9)
 */
export class Outbox implements Ticked {
  readonly #wire: Wire
  readonly #tick: Tick
  readonly #options: OutboxOptions
  readonly #events: OutboxEvents
  /** Shared while it is empty. */
  #due: Packet[] = NOTHING
  /** Bytes, states not counted, that were sent since nothing waited. */
  #owedBytes = 0
  /** Writes with a state in them, since nothing waited. */
  #owedStates = 0
  #isCongested = false

  constructor(wire: Wire, tick: Tick, options: OutboxOptions, events: OutboxEvents) {
    this.#wire = wire
    this.#tick = tick
    this.#options = options
    this.#events = events
  }

  /** Whether so much waits that presence is to wait, too, until {@link drained}. */
  get isCongested(): boolean {
    return this.#isCongested
  }

  push(packet: Packet): void {
    if (packet.frames.length === 0) return
    if (this.#due !== NOTHING) return void this.#due.push(packet)
    if (packet.isPrompt) return this.#write([packet])
    this.#due = [packet]
    this.#tick.mark(this)
  }

  /** Writes what is due now, where the end of the turn would be too late: before a close. */
  onTick(): number {
    const due = this.#due
    if (due === NOTHING) return 0
    this.#due = NOTHING
    this.#write(due)
    return due.length
  }

  #write(due: readonly Packet[]): void {
    const sentBytes = this.#wire.send(due)
    const { bufferedBytes } = this.#wire
    if (bufferedBytes === 0) return this.#nothingWaits()
    this.#owedBytes += sentBytes
    if (due.some(({ isState }) => isState)) this.#owedStates++
    const { softLimitBytes, hardLimitBytes } = this.#options
    // A large state on its way is no sign of a slow reader; what follows it is, where it piles up. Without that, one
    // who asks for states and reads none would have them all queued.
    const backlogBytes = Math.min(this.#owedBytes, bufferedBytes)
    const isBehind = backlogBytes > softLimitBytes || (this.#owedStates > 1 && bufferedBytes > softLimitBytes)
    if (isBehind && !this.#isCongested) {
      this.#isCongested = true
      this.#wire.watchDrain()
    }
    if (backlogBytes > hardLimitBytes) this.#events.onOverflow(bufferedBytes)
  }

  /** The wire has nothing left to write. Whether the peer was congested until now. */
  drained(): boolean {
    const wasCongested = this.#isCongested
    this.#isCongested = false
    this.#nothingWaits()
    return wasCongested
  }

  #nothingWaits(): void {
    this.#owedBytes = 0
    this.#owedStates = 0
  }
}
