import type { IncomingMessage } from 'node:http'
import { GrowingBuffer } from '../io/websocket/growing-buffer'

/** The first bytes of each body do not count, so that large bodies never block small ones. */
const FREE_BYTES = 65_536
const NOTHING = Buffer.alloc(0)

/** A body that was not read completely, and the bytes that were read. */
export interface UnreadBody {
  readonly why: 'too_large' | 'no_room' | 'aborted' | 'unwanted'
  readonly bytes: number
}

/**
 * Reads a request's body of at most `maxBytes`. It reserves the bytes in `budget` while it reads, because many slow clients
 * would otherwise hold many bodies. It stops as soon as `isWanted` returns false. Never rejects.
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  budget: ByteBudget,
  isWanted: () => boolean,
): Promise<Buffer | UnreadBody> {
  return new Promise((resolve) => {
    // A list of chunks would take a hundred bytes per chunk, and a chunk may hold a single byte. (S-43)
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

/** A shared limit on bytes in memory. */
export class ByteBudget {
  readonly #maxBytes: number
  #heldBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Reserves bytes. Returns false without room; otherwise the caller must {@link release} them. */
  take(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.#maxBytes) return false
    this.#heldBytes += bytes
    return true
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes
  }
}
