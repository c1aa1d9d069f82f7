/** Collects bytes piece by piece. It takes at most about twice the memory of its content, however small the pieces are. */
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

  /** The content so far. Valid until the next {@link append}. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }
}
