import type { IncomingMessage } from 'node:http'
import { GrowingBuffer } from '../io/websocket/growing-buffer'

/** What each request may hold without taking of the budget, so that large ones keep no small one out. */
const FREE_BYTES = 65_536
const NOTHING = Buffer.alloc(0)

/** A body that was not read to its end, and how many bytes of it were. */
export interface UnreadBody {
  readonly why: 'too_large' | 'no_room' | 'aborted' | 'unwanted'
  readonly bytes: number
}

/**
 * A request's body, as long as it is no larger than `maxBytes`, and `budget` has room for it while it is read: many
 * clients that send slowly would otherwise hold as many bodies. Reading stops once `isWanted` says no. Never rejects.
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  budget: ByteBudget,
  isWanted: () => boolean,
): Promise<Buffer | UnreadBody> {
  return new Promise((resolve) => {
    // Not a list of pieces: each takes a hundred bytes of memory, and may bring one. (S-43)
    let whole = new GrowingBuffer(NOTHING)
    let bytes = 0
    let takenBytes = 0
    let isOver = false
    const finish = (outcome: Buffer | UnreadBody['why']) => {
      if (isOver) return
      isOver = true
      whole = new GrowingBuffer(NOTHING)
      budget.release(takenBytes)
      resolve(typeof outcome === 'string' ? { why: outcome, bytes } : outcome)
    }
    request.on('data', (chunk: Buffer) => {
      if (isOver) return
      bytes += chunk.length
      if (!isWanted()) return finish('unwanted')
      if (bytes > maxBytes) return finish('too_large')
      const wantedBytes = Math.max(0, bytes - FREE_BYTES) - takenBytes
      if (wantedBytes > 0) {
        if (!budget.take(wantedBytes)) return finish('no_room')
        takenBytes += wantedBytes
      }
      whole.append(chunk)
    })
    request.once('end', () => finish(whole.view()))
    request.once('close', () => finish('aborted'))
    request.on('error', () => finish('aborted'))
  })
}

/** Bytes that may be held at a time, by all who take of them. */
export class ByteBudget {
  readonly #maxBytes: number
  #heldBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Whether there was room for so many more; then they are to be given back. */
  take(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.#maxBytes) return false
    this.#heldBytes += bytes
    return true
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes
  }
}
