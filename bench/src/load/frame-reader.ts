/**
 * Takes frames as they are found. `bytes` is lent: what is wanted later has to be copied.
 *
 * @param opcode 1 text, 2 binary, 8 close, 9 ping, 10 pong
 */
export type OnFrame = (opcode: number, isCompressed: boolean, bytes: Buffer) => void

/** What a payload of this length is likely to be: what others have got already. */
export type Guess = (length: number) => Buffer | undefined

const FIN = 0x80
const RSV1 = 0x40

/**
 * Cuts a server's bytes into frames. Looks at headers alone. What is spread over several reads is compared with the
 * payload that it is likely to be, and copied only where it is another: a snapshot for ten thousand clients would
 * otherwise be gigabytes of memory to fill. Fragmented messages are refused: none of the subjects sends any.
 */
export class FrameReader {
  readonly #onFrame: OnFrame
  readonly #guess: Guess
  /** A frame of which a part is missing: its first byte, and its payload as far as it has come. */
  #firstByte = 0
  #payload: Buffer | undefined
  #filled = 0
  /** Whether the payload is a guess that has been right so far, and not to be written to. */
  #isGuessed = false
  /** The beginning of a header that was cut off. */
  #rest: Buffer | undefined

  constructor(onFrame: OnFrame, guess: Guess) {
    this.#onFrame = onFrame
    this.#guess = guess
  }

  read(chunk: Buffer): void {
    let bytes = chunk
    let at = 0
    if (this.#payload) {
      at = Math.min(bytes.length, this.#payload.length - this.#filled)
      this.#fill(this.#payload, bytes, 0, at)
      const whole = this.#payload
      if (this.#filled < whole.length) return
      this.#payload = undefined
      this.#emit(this.#firstByte, whole)
    } else if (this.#rest) {
      bytes = Buffer.concat([this.#rest, chunk])
      this.#rest = undefined
    }
    while (at < bytes.length) {
      const next = this.#readOne(bytes, at)
      if (next < 0) {
        this.#rest = Buffer.from(bytes.subarray(at))
        return
      }
      at = next
    }
  }

  /** Where the next frame begins, or -1 where the header is not whole. */
  #readOne(bytes: Buffer, start: number): number {
    if (bytes.length - start < 2) return -1
    const firstByte = bytes[start] as number
    let length = (bytes[start + 1] as number) & 0x7f
    let at = start + 2
    if (length === 126) {
      if (bytes.length < at + 2) return -1
      length = bytes.readUInt16BE(at)
      at += 2
    } else if (length === 127) {
      if (bytes.length < at + 8) return -1
      length = Number(bytes.readBigUInt64BE(at))
      at += 8
    }
    const end = at + length
    if (end <= bytes.length) this.#emit(firstByte, bytes.subarray(at, end))
    else {
      const guessed = this.#guess(length)
      this.#isGuessed = guessed !== undefined
      this.#firstByte = firstByte
      this.#filled = 0
      this.#payload = guessed ?? Buffer.allocUnsafe(length)
      this.#fill(this.#payload, bytes, at, bytes.length)
    }
    return end
  }

  /** Takes the next part of the payload. */
  #fill(payload: Buffer, bytes: Buffer, start: number, end: number): void {
    const from = this.#filled
    this.#filled = from + end - start
    if (this.#isGuessed) {
      if (payload.compare(bytes, start, end, from, this.#filled) === 0) return
      this.#isGuessed = false
      this.#payload = Buffer.allocUnsafe(payload.length)
      payload.copy(this.#payload, 0, 0, from)
      bytes.copy(this.#payload, from, start, end)
    } else bytes.copy(payload, from, start, end)
  }

  #emit(firstByte: number, payload: Buffer): void {
    const opcode = firstByte & 0x0f
    if ((firstByte & FIN) === 0 || opcode === 0) throw new Error('A server sent a fragmented message.')
    this.#onFrame(opcode, (firstByte & RSV1) !== 0, payload)
  }
}
