import type { ServerResponse } from 'node:http'
import { DATA_HEADERS } from '../io/security-headers'

/** Bytes that are written before the next ones. */
const PIECE_BYTES = 65_536

type ResponseStatus = 200 | 204 | 400 | 403 | 405 | 410 | 413 | 500 | 503

/** The response to one request of a long poll. */
export class LongPollResponse {
  readonly #response: ServerResponse
  /** The origin whose pages may read it, besides the server's own; null for none. */
  readonly #allowedOrigin: string | null
  /** Whether the connection closes after this response. */
  #isLast: () => boolean

  constructor(response: ServerResponse, allowedOrigin: string | null, isLast: () => boolean) {
    this.#response = response
    this.#allowedOrigin = allowedOrigin
    this.#isLast = isLast
  }

  /** Sends a body with this `status`, which is what the client reads. */
  send(status: ResponseStatus, body: object = {}, retryAfterS?: number): void {
    if (!this.#response.destroyed) this.#response.end(this.#begin(status, body, retryAfterS))
  }

  /** Responds 410 to a post whose body is not read, and closes the connection instead of receiving the rest. */
  sendUnread(): void {
    this.#isLast = () => true
    this.send(410)
  }

  /** Sends in pieces, and calls `onRest` after each with the bytes that the peer has not taken; 0 comes last. */
  sendWatched(status: ResponseStatus, body: object, onRest: (restBytes: number) => void): void {
    const response = this.#response
    if (response.destroyed) return
    let rest = this.#begin(status, body)
    const next = () => {
      const piece = rest.subarray(0, PIECE_BYTES)
      rest = rest.subarray(piece.length)
      if (rest.length === 0) return void response.end(piece, () => onRest(0))
      response.write(piece, (error) => {
        // A closed response emits `close`.
        if (error) return
        onRest(rest.length)
        if (!response.destroyed) next()
      })
    }
    next()
  }

  /** Writes the headers, and returns the body. HTTP repeats only statuses that the protocol does not use. */
  #begin(status: ResponseStatus, body: object, retryAfterS?: number): Buffer {
    const bytes = Buffer.from(JSON.stringify({ status, ...body }))
    this.#writeHead(status === 400 || status === 405 || status === 413 ? status : 200, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': String(bytes.length),
      // Every poll is a GET of the same URL.
      'Cache-Control': 'no-store',
      ...(retryAfterS === undefined ? {} : { 'Retry-After': String(retryAfterS) }),
      // Closing ends the upload of a body that is too large, and a connection to a closing server.
      ...(status === 413 || status === 503 || this.#isLast() ? { Connection: 'close' } : {}),
    })
    return bytes
  }

  /** Responds to a CORS preflight. These requests never carry cookies. */
  preflight(): void {
    this.#writeHead(204, {
      'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
      'Access-Control-Allow-Headers': 'Accept, Authorization, Content-Type, X-Phoenix-AuthToken',
      'Access-Control-Max-Age': '3600',
    })
    this.#response.end()
  }

  #writeHead(status: number, headers: Record<string, string>): void {
    const origin = this.#allowedOrigin
    const cors = origin === null ? {} : { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' }
    this.#response.writeHead(status, { ...headers, ...cors, ...DATA_HEADERS })
  }
}
