import type { IncomingMessage } from 'node:http'
import type { PostRefusal } from './longpoll-body'

/*
 *   1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n …    a chunk of one byte costs as much as one of thousands
 */

/** Bytes that count for each chunk of a body, in addition to its content. */
const BYTES_PER_CHUNK = 64
/** Chunks that may be small, whatever their size. */
const FREE_CHUNKS = 64

/** Counts the chunks of a request's body. Create it before anything else reads the body. (S-108) */
export class ChunkOverhead {
  #count = 0
  #bodyBytes = 0

  constructor(request: IncomingMessage) {
    request.on('data', ({ length }: Buffer) => {
      this.#count++
      this.#bodyBytes += length
    })
    // Trailers are headers behind the body, which no other limit counts.
    request.once('end', () => {
      this.#count += request.rawTrailers.length / 2
    })
  }

  /** Bytes to charge for the chunks and trailers so far. */
  get bytes(): number {
    return this.#count * BYTES_PER_CHUNK
  }

  /** Whether the chunks cost more than their content. */
  get isExcessive(): boolean {
    return this.#count > FREE_CHUNKS && this.bytes > this.#bodyBytes
  }
}

export function tooManyChunks(): PostRefusal {
  const message = `The post has more than ${FREE_CHUNKS} chunks of less than ${BYTES_PER_CHUNK} bytes on average. Send it in fewer pieces.`
  return { status: 413, error: 'limit_exceeded', message }
}
