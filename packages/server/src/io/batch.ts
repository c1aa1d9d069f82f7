import type { Clock } from './clock'
import type { CompressionOptions, Packet } from './packet'

/** Up to this many bytes are copied into one buffer; more are handed over piece by piece. */
const COPIED_BYTES = 4096

/**
 * What a wire is to write in one go. In a fan-out one wire after the other is given the same packets: they are put
 * together for the first of them, and the rest write the same bytes.
 */
export class Batch {
  readonly #clock: Pick<Clock, 'soon'>
  #packets: readonly Packet[] = []
  #compression: CompressionOptions | null = null
  #pieces: readonly Buffer[] = []
  #isKept = false

  constructor(clock: Pick<Clock, 'soon'>) {
    this.#clock = clock
  }

  /** The bytes of these packets, in order, as few pieces as it is worth making of them. */
  join(packets: readonly Packet[], compression: CompressionOptions | null): readonly Buffer[] {
    if (compression !== this.#compression || !isSame(packets, this.#packets)) {
      this.#packets = packets
      this.#compression = compression
      this.#pieces = piecesOf(packets, compression)
      this.#keep()
    }
    return this.#pieces
  }

  /** What was put together is of use in this turn of the event loop, and let go of after it. */
  #keep(): void {
    if (this.#isKept) return
    this.#isKept = true
    this.#clock.soon(() => {
      this.#isKept = false
      this.#packets = []
      this.#pieces = []
    })
  }
}

function piecesOf(packets: readonly Packet[], compression: CompressionOptions | null): readonly Buffer[] {
  const pieces = packets.map((packet) => (compression ? packet.compressed(compression) : packet.plain()))
  if (pieces.length === 1) return pieces
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
  return bytes <= COPIED_BYTES ? [Buffer.concat(pieces, bytes)] : pieces
}

function isSame(some: readonly Packet[], others: readonly Packet[]): boolean {
  return some.length === others.length && some.every((packet, i) => packet === others[i])
}
