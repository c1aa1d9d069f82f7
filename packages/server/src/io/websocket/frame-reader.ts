import { isUtf8 } from 'node:buffer'
import { MAX_CONTROL_BYTES, OPCODE } from './frame-writer'
import { GrowingBuffer } from './growing-buffer'
import { inflateMessage } from './permessage-deflate'

/*
 *   bytes of the socket --push--> whole frames --> whole messages --> sink
 *                          |            |
 *                     rest (if any)  fragments (if any)
 *
 * Reads frames as a server does (RFC 6455). A chunk is nearly always one whole message, and then nothing is kept after it:
 * an idle connection holds no buffer.
 *
 * After `expectClose` only the peer's close frame is read. All other frames are skipped by their length: never buffered,
 * unmasked, inflated or reported.
 */

export interface FrameSink {
  /**
   * A whole message: a text's valid UTF-8, or binary data. `data` is valid until the call returns. `wireBytes` counts the
   * payload before inflating and the headers of all fragments but the first.
   */
  onMessage(data: Buffer, isBinary: boolean, wireBytes: number): void
  /** The current read held this many bytes of frames without content. Called at most once per read, at its end. */
  onIdle(bytes: number): void
  onPing(data: Buffer): void
  onPong(): void
  /** The peer's close frame; 1005 if it had no code. No event follows. */
  onClose(code: number, reason: string): void
  /** The peer broke the protocol or a limit: close it with `code`. No event follows. */
  onViolation(code: number, reason: string): void
}

export interface FrameReaderOptions {
  /** Most bytes of one inflated message. A larger one is a violation with 1009. */
  readonly maxMessageBytes: number
  /** Whether permessage-deflate was negotiated. */
  readonly isCompressed: boolean
}

/**
 * Most frames without content (control frames, empty fragments) in one read. They cost more to receive than to send, and
 * do not count as messages. A peer that pings at a normal rate never has so many in transit at once.
 */
const MAX_IDLE_FRAMES = 1024

const FIN = 0x80
const COMPRESSED = 0x40
const RESERVED = 0x30
const MASKED = 0x80

export class FrameReader {
  readonly #options: FrameReaderOptions
  readonly #sink: FrameSink
  /** An incomplete frame. */
  #rest: GrowingBuffer | null = null
  /** The fragments of an incomplete message, and the first byte of its first frame. */
  #fragments: GrowingBuffer | null = null
  #fragmentsAre = 0
  #fragmentsWireBytes = 0
  /** Frames without content in the current read, and their bytes. */
  #idleFrames = 0
  #idleBytes = 0
  /** Whether all frames but a close frame are skipped. */
  #expectsClose = false
  /** Bytes to come of a skipped frame. */
  #skippedBytes = 0
  #isDone = false

  constructor(options: FrameReaderOptions, sink: FrameSink) {
    this.#options = options
    this.#sink = sink
  }

  /** Whether a fragmented message is incomplete. */
  get isMidMessage(): boolean {
    return this.#fragments !== null
  }

  /** Call it when the server closes: from then on only the peer's close frame is read. (S-48) */
  expectClose(): void {
    this.#expectsClose = true
    this.#fragments = null
  }

  /** Reads a chunk of the socket, and unmasks it in place. */
  push(chunk: Buffer): void {
    if (this.#isDone) return
    if (this.#skippedBytes >= chunk.length) {
      this.#skippedBytes -= chunk.length
      return
    }
    this.#idleFrames = 0
    this.#idleBytes = 0
    const waiting = this.#rest
    if (waiting) waiting.append(chunk)
    const bytes = waiting ? waiting.view() : chunk
    let offset = this.#skippedBytes
    this.#skippedBytes = 0
    while (offset < bytes.length && !this.#isDone) {
      const end = this.#frame(bytes, offset)
      if (end === null) break
      offset = end
    }
    this.#skippedBytes = Math.max(0, offset - bytes.length)
    if (this.#isDone || offset >= bytes.length) this.#rest = null
    else if (offset > 0 || !waiting) this.#rest = new GrowingBuffer(bytes.subarray(offset))
    if (this.#idleBytes > 0 && !this.#isDone && !this.#expectsClose) this.#sink.onIdle(this.#idleBytes)
  }

  /**
   * Reads the frame at `offset`. Returns the offset of the next frame, which may lie past the end if the frame is skipped,
   * or null if the frame is incomplete.
   */
  #frame(bytes: Buffer, offset: number): number | null {
    if (bytes.length - offset < 2) return null
    const first = bytes[offset] as number
    const second = bytes[offset + 1] as number
    const opcode = first & 0x0f
    const isSkipped = this.#expectsClose && opcode !== OPCODE.close
    const fault = isSkipped ? null : this.#headFault(first, opcode, second)
    if (fault) return this.#violated(1002, fault)
    let length = second & 0x7f
    let at = offset + 2
    if (length === 126) {
      if (bytes.length < at + 2) return null
      length = bytes.readUInt16BE(at)
      at += 2
    } else if (length === 127) {
      if (bytes.length < at + 8) return null
      // A length beyond 53 bits exceeds every limit, so its rounding does not matter.
      length = bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)
      at += 8
    }
    if (isSkipped) return at + ((second & MASKED) === 0 ? 0 : 4) + length
    const isControl = opcode >= OPCODE.close
    const earlier = isControl ? 0 : (this.#fragments?.length ?? 0)
    if (earlier + length > this.#options.maxMessageBytes) return this.#tooLarge()
    const end = at + 4 + length
    if (bytes.length < end) return null
    const payload = bytes.subarray(at + 4, end)
    const isIdle = isControl || (length === 0 && (first & FIN) === 0)
    if (isIdle) {
      this.#idleBytes += end - offset
      if (++this.#idleFrames > MAX_IDLE_FRAMES)
        return this.#violated(1008, `more than ${MAX_IDLE_FRAMES} empty frames at once`)
    }
    unmask(payload, bytes, at)
    if (isControl) this.#control(opcode, payload)
    else this.#data(first, opcode, payload, isIdle ? 0 : end - offset)
    return end
  }

  #headFault(first: number, opcode: number, second: number): string | null {
    const isFinal = (first & FIN) !== 0
    if ((first & RESERVED) !== 0) return 'a reserved bit is set'
    if ((second & MASKED) === 0) return 'a client must mask its frames'
    if (opcode >= OPCODE.close) {
      if (opcode > OPCODE.pong) return 'an unknown opcode'
      if (!isFinal) return 'a control frame in fragments'
      if ((first & COMPRESSED) !== 0) return 'a compressed control frame'
      const length = second & 0x7f
      if (length > MAX_CONTROL_BYTES) return 'a control frame is too long'
      return opcode === OPCODE.close && length === 1 ? 'a close code of one byte' : null
    }
    if (opcode > OPCODE.binary) return 'an unknown opcode'
    if (opcode === OPCODE.continuation) {
      if (!this.#fragments) return 'a continuation without a message'
      if ((first & COMPRESSED) !== 0) return 'a compressed continuation'
      return null
    }
    if (this.#fragments) return 'a message before the last one ended'
    if ((first & COMPRESSED) !== 0 && !this.#options.isCompressed) return 'compression was not negotiated'
    return null
  }

  #control(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.ping) return this.#sink.onPing(payload)
    if (opcode === OPCODE.pong) return this.#sink.onPong()
    if (payload.length === 0) return this.#closed(1005, '')
    const code = payload.readUInt16BE(0)
    if (!isCloseCode(code)) return void this.#violated(1002, 'an invalid close code')
    const reason = payload.subarray(2)
    if (!isUtf8(reason)) return void this.#violated(1007, 'a close reason that is not UTF-8')
    this.#closed(code, reason.toString('utf8'))
  }

  /** Pass the size of the whole frame as `frameBytes`, or 0 if it is already counted as idle. */
  #data(first: number, opcode: number, payload: Buffer, frameBytes: number): void {
    const isFinal = (first & FIN) !== 0
    if (!this.#fragments) {
      if (isFinal) return this.#message(first, payload, payload.length)
      this.#fragmentsAre = first
      this.#fragments = new GrowingBuffer(payload)
      this.#fragmentsWireBytes = payload.length
      return
    }
    if (opcode !== OPCODE.continuation) return
    this.#fragments.append(payload)
    this.#fragmentsWireBytes += frameBytes
    if (!isFinal) return
    const whole = this.#fragments.view()
    this.#fragments = null
    this.#message(this.#fragmentsAre, whole, this.#fragmentsWireBytes)
  }

  #message(first: number, payload: Buffer, wireBytes: number): void {
    const data = (first & COMPRESSED) === 0 ? payload : this.#inflate(payload)
    if (!data) return
    const isBinary = (first & 0x0f) === OPCODE.binary
    if (!isBinary && !isUtf8(data)) return void this.#violated(1007, 'a text that is not UTF-8')
    this.#sink.onMessage(data, isBinary, wireBytes)
  }

  #inflate(payload: Buffer): Buffer | null {
    try {
      const data = inflateMessage(payload, this.#options.maxMessageBytes)
      if (!data) this.#tooLarge()
      return data
    } catch {
      this.#violated(1007, 'a message that cannot be inflated')
      return null
    }
  }

  #closed(code: number, reason: string): void {
    this.#isDone = true
    this.#sink.onClose(code, reason)
  }

  #tooLarge(): null {
    return this.#violated(1009, `a message of more than ${this.#options.maxMessageBytes} bytes`)
  }

  #violated(code: number, reason: string): null {
    this.#isDone = true
    this.#sink.onViolation(code, reason)
    return null
  }
}

/** XOR with the four bytes of the mask at `maskAt` (RFC 6455, 5.3), in place. */
function unmask(payload: Buffer, bytes: Buffer, maskAt: number): void {
  const mask = [bytes[maskAt], bytes[maskAt + 1], bytes[maskAt + 2], bytes[maskAt + 3]] as number[]
  for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] as number) ^ (mask[i & 3] as number)
}

/** Whether a close frame may carry this code (RFC 6455, 7.4). */
function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006
}
