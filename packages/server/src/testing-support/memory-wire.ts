import type { Frame } from '@rollcall/shared-protocol'
import type { Clock } from '../io/clock'
import type { Packet } from '../io/packet'
import type { Wire, WireEvents } from '../io/wire'

/** Milliseconds that a peer has to answer a close. */
const CLOSE_TIMEOUT_MS = 500

/** A wire without a socket: what the server writes is kept, and the peer does what the test says. */
export class MemoryWire implements Wire {
  /** Every write with its frames. */
  readonly writes: (readonly Frame[])[] = []
  bufferedBytes = 0
  /** Bytes of all writes. */
  #written = 0
  pings = 0
  /** Whether the peer answers pings and closes. One that does not is half open. */
  isAlive = true
  /** Whether the peer reads nothing, so that what is sent to it piles up. */
  isStuck = false
  /** Whether somebody wants to know when all has left. */
  isWatched = false
  /** How the server closed it; null while it has not. */
  closedWith: { readonly code: number; readonly reason: string } | null = null
  isTerminated = false
  readonly #clock: Clock
  #events: WireEvents | null = null
  #isOver = false
  /** Whether a ping came while the peer answered none. */
  #owesPong = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Names the server's side, once it is there. */
  open(events: WireEvents): void {
    this.#events = events
  }

  get isOpen(): boolean {
    return !this.#isOver
  }

  // --- Wire ------------------------------------------------------------------------------------------------------

  send(packets: readonly Packet[]): number {
    // As a WebSocket has it: what is sent after its close is dropped.
    if (this.#isOver || this.closedWith) return 0
    this.writes.push(packets.flatMap(({ frames }) => frames))
    this.#written += packets.reduce((sum, packet) => sum + packet.plain().length, 0)
    const owed = packets.filter(({ isState }) => !isState).map((packet) => packet.plain().length)
    const bytes = owed.reduce((sum, each) => sum + each, 0)
    if (this.isStuck) this.bufferedBytes += packets.reduce((sum, packet) => sum + packet.plain().length, 0)
    return bytes
  }

  get sentBytes(): number {
    return this.#written - this.bufferedBytes
  }

  watchDrain(): void {
    this.isWatched = true
  }

  ping(): void {
    if (this.#isOver || this.closedWith) return
    this.pings++
    if (this.isAlive) this.#clock.soon(() => this.#answerPing())
    else this.#owesPong = true
  }

  close(code: number, reason: string): void {
    if (this.#isOver || this.closedWith) return
    this.closedWith = { code, reason }
    if (this.isAlive) this.#clock.soon(() => this.end(code, reason))
    else this.#clock.after(CLOSE_TIMEOUT_MS, () => this.end())
  }

  terminate(): void {
    this.isTerminated = true
    this.#clock.soon(() => this.end(1006, ''))
  }

  // --- the peer --------------------------------------------------------------------------------------------------

  /** Reads on, and has read everything. */
  readOn(): void {
    this.isStuck = false
    this.bufferedBytes = 0
    const { isWatched } = this
    this.isWatched = false
    if (!this.#isOver && isWatched) this.#events?.onDrain()
    if (this.isAlive && this.#owesPong) this.#answerPing()
  }

  #answerPing(): void {
    this.#owesPong = false
    if (!this.#isOver) this.#events?.onPong()
  }

  receive(text: string): void {
    this.receiveBytes(Buffer.from(text), false)
  }

  receiveBytes(data: Buffer, isBinary = true, wireBytes = data.length): void {
    if (!this.#isOver && !this.closedWith) this.#events?.onMessage(data, isBinary, wireBytes)
  }

  /** The connection is over: 1006 where the peer went without a word. */
  end(code = 1006, reason = ''): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#events?.onClose(code, reason)
  }
}
