/** Bytes that come piece by piece. Takes at most about twice the memory of what has come, however it was cut. */
export class GrowingBuffer {
  #bytes: Buffer
  #length = 0

  constructor(first: Buffer) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(64, first.length))
    this.append(first)
  }

  get length(): number {
    return this.#length
  }

  append(piece: Uint8Array): void {
    const needed = this.#length + piece.length
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    this.#bytes.set(piece, this.#length)
    this.#length = needed
  }

  /** All that has come. Its own until the next piece. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }
}
