import type { Frame } from '@rollcall/shared-protocol'
import type { Clock } from './clock'
import { headerBytes, OPCODE, writeHeader } from './websocket/frame-writer'
import { deflateMessage } from './websocket/permessage-deflate'

export interface CompressionOptions {
  /** Messages smaller than this many bytes are sent as they are. @default 1024 */
  readonly thresholdBytes: number
  /** zlib's level, from 1 (fast) to 9 (small). @default 4 */
  readonly level: number
}

/**
 * Frames that leave together. What goes to many is one packet for all of them: its WebSocket bytes are made, and
 * compressed, once, by whoever sends it first.
 */
export class Packet {
  readonly frames: readonly Frame[]
  /** Whether it says all of what it is about, whatever was said before: a topic's state. */
  readonly isState: boolean
  /** Whether it need not wait for the end of the turn, where nothing else is due to the peer. */
  readonly isImmediate: boolean
  #plain: Buffer | null = null
  #compressed: Buffer | null = null

  constructor(frames: readonly Frame[], isState = false, isPrompt = false) {
    this.frames = frames
    this.isState = isState
    this.isImmediate = isPrompt
  }

  /** About how many bytes it has: as it was written last, or one for each character where it was not yet. */
  get size(): number {
    const written = this.#compressed ?? this.#plain
    return written ? written.length : this.frames.reduce((sum, frame) => sum + frame.length, 0)
  }

  /** As unmasked WebSocket messages, one after the other. */
  plain(): Buffer {
    this.#plain ??= encodePlain(this.frames)
    return this.#plain
  }

  /** The same, for a peer that agreed on permessage-deflate. The options are those of the first call. */
  compressed(options: CompressionOptions): Buffer {
    if (!this.#compressed) {
      const isLarge = this.frames.some((frame) => payloadBytes(frame) >= options.thresholdBytes)
      this.#compressed = isLarge ? encodeCompressed(this.frames, options) : this.plain()
    }
    return this.#compressed
  }
}

function payloadBytes(frame: Frame): number {
  return typeof frame === 'string' ? Buffer.byteLength(frame) : frame.length
}

function encodePlain(frames: readonly Frame[]): Buffer {
  const first = frames[0]
  return frames.length === 1 && first !== undefined
    ? encodeOne(first)
    : Buffer.concat(frames.map((frame) => encodeOne(frame)))
}

function encodeOne(frame: Frame): Buffer {
  if (typeof frame !== 'string') {
    const bytes = Buffer.allocUnsafe(headerBytes(frame.length) + frame.length)
    bytes.set(frame, writeHeader(bytes, 0, OPCODE.binary, frame.length))
    return bytes
  }
  const length = payloadBytes(frame)
  const bytes = Buffer.allocUnsafe(headerBytes(length) + length)
  bytes.write(frame, writeHeader(bytes, 0, OPCODE.text, length), 'utf8')
  return bytes
}

function encodeCompressed(frames: readonly Frame[], { thresholdBytes, level }: CompressionOptions): Buffer {
  return Buffer.concat(
    frames.flatMap((frame) => {
      const payload = typeof frame === 'string' ? Buffer.from(frame) : frame
      if (payload.length < thresholdBytes) return [encodeOne(frame)]
      const deflated = deflateMessage(payload, level)
      const header = Buffer.allocUnsafe(headerBytes(deflated.length))
      const opcode = typeof frame === 'string' ? OPCODE.text : OPCODE.binary
      writeHeader(header, 0, opcode, deflated.length, true)
      return [header, deflated]
    }),
  )
}

/** Up to this many bytes are copied into one buffer; more are handed over piece by piece. */
const COPIED_BYTES = 4096

/**
 * What a wire is to write in one go. In a fan-out one wire after the other is given the same packets: they are put
 * together for the first of them, and the rest write the same bytes.
 */
export class PacketBatch {
  readonly #clock: Pick<Clock, 'soon'>
  #packets: readonly Packet[] = []
  #compression: CompressionOptions | null = null
  #pieces: readonly Buffer[] = []
  #isKept = false

  constructor(clock: Pick<Clock, 'soon'>) {
    this.#clock = clock
  }

  /** The bytes of these packets, in order, as few pieces as it is worth making of them. */
  encode(packets: readonly Packet[], compression: CompressionOptions | null): readonly Buffer[] {
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
