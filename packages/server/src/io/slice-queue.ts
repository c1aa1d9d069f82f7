import type { Writable } from 'node:stream'

/*
 *   2 MB --> slice, slice, ... as long as the system takes them at once
 *            slice --> callback --> slice --> callback ... --> onEmpty       for a peer that reads slowly
 *            64 KiB
 *
 * A stream counts a write once all of it has left, and makes one write of those that wait behind it. So what is more than
 * a slice is handed over a slice at a time: on every runtime it can be seen whether the peer reads, however slowly. (S-101)
 */

/** Most bytes that a socket is given before the system has taken those before them. */
export const SLICE_BYTES = 65_536

/** What waits for one socket. There is one for as long as something waits, and nothing else writes meanwhile. */
export class SliceQueue {
  readonly #socket: Writable
  readonly #onEmpty: () => void
  #slices: Uint8Array[] = []
  #bytes = 0
  #isWaiting = false
  #endsAfter = false

  /** @param onEmpty - the system has taken everything that had to wait; never called from within a call */
  constructor(socket: Writable, onEmpty: () => void) {
    this.#socket = socket
    this.#onEmpty = onEmpty
  }

  /** Bytes that the socket was not given yet. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether the system has still to take some of it. */
  get isWaiting(): boolean {
    return this.#isWaiting
  }

  push(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      for (let start = 0; start < piece.length; start += SLICE_BYTES)
        this.#slices.push(piece.subarray(start, start + SLICE_BYTES))
      this.#bytes += piece.length
    }
    if (!this.#isWaiting) this.#write()
  }

  /** Ends the socket once everything is written. */
  end(): void {
    this.#endsAfter = true
  }

  /** Gives the socket what the system takes at once, and one slice more. */
  #write(): void {
    this.#isWaiting = false
    while (this.#slices.length > 0 && !this.#isWaiting) {
      const slice = this.#takeSlice()
      this.#bytes -= slice.length
      this.#socket.write(slice, (error) => this.#written(error ?? null))
      this.#isWaiting = this.#socket.writableLength > 0
    }
  }

  /** The first one, with those after it that it has room for. */
  #takeSlice(): Uint8Array {
    let count = 0
    let bytes = 0
    for (const { length } of this.#slices) {
      if (count > 0 && bytes + length > SLICE_BYTES) break
      bytes += length
      count++
    }
    const slices = this.#slices.splice(0, count)
    return slices.length === 1 && slices[0] ? slices[0] : Buffer.concat(slices, bytes)
  }

  /** Of a slice that was taken at once it is told late, when another one may be waiting. */
  #written(error: Error | null): void {
    if (!this.#isWaiting) return
    if (error) {
      // The socket is gone, and says so itself.
      this.#slices = []
      this.#bytes = 0
      return
    }
    if (this.#socket.writableLength > 0) return
    this.#write()
    if (this.#isWaiting) return
    if (this.#endsAfter) this.#socket.end()
    this.#onEmpty()
  }
}
