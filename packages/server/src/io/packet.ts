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
 * Frames that are sent together. All receivers of a fan-out share one packet: the first wire that sends it encodes and
 * compresses it, and the others reuse the bytes.
 */
export class Packet {
  readonly frames: readonly Frame[]
  /** Whether it is a topic's whole state, which replaces everything sent before it. */
  readonly isState: boolean
  /** Whether it may be sent before the end of the turn, if nothing else waits for the peer. */
  readonly isImmediate: boolean
  #plain: Buffer | null = null
  #compressed: Buffer | null = null

  constructor(frames: readonly Frame[], isState = false, isImmediate = false) {
    this.frames = frames
    this.isState = isState
    this.isImmediate = isImmediate
  }

  /** Approximate size in bytes: exact once encoded, and before that one byte per character. */
  get size(): number {
    const written = this.#compressed ?? this.#plain
    return written ? written.length : this.frames.reduce((sum, frame) => sum + frame.length, 0)
  }

  /** Encodes the frames as unmasked WebSocket messages. */
  plain(): Buffer {
    this.#plain ??= encodePlain(this.frames)
    return this.#plain
  }

  /** Encodes them for a peer that negotiated permessage-deflate. Only the options of the first call count. */
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

/** Up to this many bytes are copied into one buffer; larger batches stay in pieces. */
const COPIED_BYTES = 4096

/** Joins packets to the bytes of one write. In a fan-out, wires that write the same packets in one turn share the bytes. */
export class PacketBatch {
  readonly #clock: Pick<Clock, 'soon'>
  #packets: readonly Packet[] = []
  #compression: CompressionOptions | null = null
  #pieces: readonly Buffer[] = []
  #isReleaseDue = false

  constructor(clock: Pick<Clock, 'soon'>) {
    this.#clock = clock
  }

  /** Returns the bytes of these packets in order, in few pieces. */
  encode(packets: readonly Packet[], compression: CompressionOptions | null): readonly Buffer[] {
    if (compression !== this.#compression || !isSame(packets, this.#packets)) {
      this.#packets = packets
      this.#compression = compression
      this.#pieces = piecesOf(packets, compression)
      this.#releaseAfterTurn()
    }
    return this.#pieces
  }

  /** Later turns send other packets, so the bytes would only take memory. */
  #releaseAfterTurn(): void {
    if (this.#isReleaseDue) return
    this.#isReleaseDue = true
    this.#clock.soon(() => {
      this.#isReleaseDue = false
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
