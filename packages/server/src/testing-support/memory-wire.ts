import type { Frame } from '@rollcall/shared-protocol'
import type { Clock } from '../io/clock'
import type { Packet } from '../io/packet'
import type { Wire, WireEvents } from '../io/wire'

/** Milliseconds that a peer has to reply to a close. */
const CLOSE_TIMEOUT_MS = 500

/** A wire without a socket. It records what the server writes; the test plays the peer. */
export class MemoryWire implements Wire {
  /** The frames of each write. */
  readonly writes: (readonly Frame[])[] = []
  bufferedBytes = 0
  /** The bytes of all writes. */
  #written = 0
  pings = 0
  /** Whether the peer replies to pings and closes. Without replies the connection is half open. */
  isAlive = true
  /** Whether the peer reads nothing, so that sent bytes pile up. */
  isStuck = false
  /** Whether the server waits for a drain. */
  isWatched = false
  /** The server's close; null before it. */
  closedWith: { readonly code: number; readonly reason: string } | null = null
  isTerminated = false
  readonly #clock: Clock
  #events: WireEvents | null = null
  #isOver = false
  /** Whether a ping came that the peer did not reply to. */
  #owesPong = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Sets the server's side. */
  open(events: WireEvents): void {
    this.#events = events
  }

  get isOpen(): boolean {
    return !this.#isOver
  }

  // --- Wire ------------------------------------------------------------------------------------------------------

  send(packets: readonly Packet[]): number {
    // Like a WebSocket, it drops what is sent after its close.
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

  /** Reads everything that is waiting. */
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

  /** Ends the connection; with 1006 if the peer sent no close. */
  end(code = 1006, reason = ''): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#events?.onClose(code, reason)
  }
}
