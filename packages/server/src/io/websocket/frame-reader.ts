import { isUtf8 } from 'node:buffer'
import { MAX_CONTROL_BYTES, OPCODE } from './frame-writer'
import { GrowingBuffer } from './growing-buffer'
import { inflateMessage } from './permessage-deflate'

/*
 *   bytes of the socket --push--> whole frames --> whole messages --> sink
 *                          |            |
 *                     rest (if any)  fragments (if any)
 *
 * A server's half of RFC 6455, reading. Nearly always a chunk is one whole message, and nothing is kept between two of
 * them: a connection that is quiet holds no buffer.
 *
 * Once the server is closing (`expectClose`) only the peer's close frame is read. All other frames are skipped by their
 * length: never buffered, unmasked, inflated or told.
 */

export interface FrameSink {
  /**
   * A whole message: a text's valid UTF-8, or bytes. Valid until the call returns. `wireBytes`: its payload as it came,
   * before inflating, and the headers of its further fragments.
   */
  onMessage(data: Buffer, isBinary: boolean, wireBytes: number): void
  /** The read at hand held this many bytes of frames that carry nothing. Called once, after everything else in it. */
  onIdle(bytes: number): void
  onPing(data: Buffer): void
  onPong(): void
  /** The peer's close frame; 1005 where it gave no code. Nothing comes after it. */
  onClose(code: number, reason: string): void
  /** The peer broke the protocol or a limit, and is to be closed with `code`. Nothing comes after it. */
  onViolation(code: number, reason: string): void
}

export interface FrameReaderOptions {
  /** Bytes of one message, inflated, past which the peer is cut off with 1009. */
  readonly maxMessageBytes: number
  /** Whether permessage-deflate was agreed on. */
  readonly isCompressed: boolean
}

/**
 * Frames with nothing in them (control frames, fragments without a byte) that one read may hold. They cost more to take
 * than to send, and count as no message. Who pings at leisure never has so many on the way at once; where the reader is
 * slower than the peer they pile up, and that is who is cut off.
 */
const MAX_IDLE_FRAMES = 1024

const FIN = 0x80
const COMPRESSED = 0x40
const RESERVED = 0x30
const MASKED = 0x80

export class FrameReader {
  readonly #options: FrameReaderOptions
  readonly #sink: FrameSink
  /** The beginning of a frame whose end has not come yet. */
  #rest: GrowingBuffer | null = null
  /** What has come of a message in several frames, and what its first one said of it. */
  #fragments: GrowingBuffer | null = null
  #fragmentsAre = 0
  #fragmentsWireBytes = 0
  /** Frames with nothing in them in the read at hand, and their bytes. */
  #idleFrames = 0
  #idleBytes = 0
  /** Only a close frame is of interest from now on. */
  #expectsClose = false
  /** Bytes still to come of a frame that is skipped. */
  #skippedBytes = 0
  #isDone = false

  constructor(options: FrameReaderOptions, sink: FrameSink) {
    this.#options = options
    this.#sink = sink
  }

  /** Whether a message has begun whose last fragment has not come. */
  get isMidMessage(): boolean {
    return this.#fragments !== null
  }

  /** The server closes: from now on nothing but the peer's close frame is read. (S-48) */
  expectClose(): void {
    this.#expectsClose = true
    this.#fragments = null
  }

  /** Takes what the socket has read; may change it (unmasking is done in place). */
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
   * Takes the frame at `offset` and returns where the next one begins, which may be past the end where the frame is
   * skipped; null where its end has not come.
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
      // What does not fit in 53 bits is past every limit anyway.
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

  /** `frameBytes`: of the whole frame, 0 where they are counted already. */
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

/** Whether a peer may say this code in a close frame (RFC 6455, 7.4). */
function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006
}
