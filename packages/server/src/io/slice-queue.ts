import type { Writable } from 'node:stream'

/*
 *   2 MB --> slice, slice, ... while the system takes them at once
 *            slice --> callback --> slice --> callback ... --> onEmpty       when the peer reads slowly
 *            64 KiB
 *
 * A stream counts a write only after all of it has left, and merges the writes that wait behind it. Large writes are
 * therefore passed on slice by slice, so that every runtime shows whether the peer still reads, however slowly. (S-101)
 */

/** Most bytes that a socket receives before the system has taken the previous ones. */
export const SLICE_BYTES = 65_536

/** The waiting bytes of one socket. It exists only while bytes wait, and nothing else may write to the socket meanwhile. */
export class SliceQueue {
  readonly #socket: Writable
  readonly #onEmpty: () => void
  #slices: Uint8Array[] = []
  #bytes = 0
  #isWaiting = false
  #endsAfter = false

  /** @param onEmpty - called when the system has taken all bytes; never from within a method of this class */
  constructor(socket: Writable, onEmpty: () => void) {
    this.#socket = socket
    this.#onEmpty = onEmpty
  }

  /** Bytes that have not been passed to the socket. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether the system has not yet taken everything. */
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

  /** Ends the socket after everything is written. */
  end(): void {
    this.#endsAfter = true
  }

  /** Writes slices until the system stops taking them at once. */
  #write(): void {
    this.#isWaiting = false
    while (this.#slices.length > 0 && !this.#isWaiting) {
      const slice = this.#takeSlice()
      this.#bytes -= slice.length
      this.#socket.write(slice, (error) => this.#written(error ?? null))
      this.#isWaiting = this.#socket.writableLength > 0
    }
  }

  /** Removes the first slice, joined with the following ones that fit into one slice. */
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

  /** The callback of a slice that the system took at once may come late, while another slice waits. */
  #written(error: Error | null): void {
    if (!this.#isWaiting) return
    if (error) {
      // The socket is closed, and its `close` event follows.
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
