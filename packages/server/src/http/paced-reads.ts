import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../io/clock'
import { MAX_TURN_MS } from '../io/read-scheduler'

/*
 *   one read, 64 KiB --> 2 KiB --> Node's parser --> 2 KiB --> … --> the socket is destroyed: the rest is dropped
 *                                                                --> the socket is paused: the rest waits in its buffer
 *                                                                --> 10 ms are over: the rest waits for the next turn
 *
 * Node parses each read of a connection to its end, even after the connection was destroyed: 64 KiB are thousands of
 * requests, or ten thousand chunks of a body.
 */

/** Bytes that the parser gets at a time. */
const PIECE_BYTES = 2048

type OnData = (this: Socket, chunk: Buffer) => void

/** Feeds the parser of each connection of an HTTP server in small pieces, which end when the connection does. (S-109) */
export class PacedReads {
  readonly #clock: Clock
  readonly #listeners = new WeakMap<Socket, OnData>()
  /** Connections that were read in this turn. */
  readonly #served = new Set<Socket>()
  /** Connections that wait for the next turn: first those that were not read in this one. */
  readonly #unserved = new Set<Socket>()
  readonly #unfinished = new Set<Socket>()
  #turnStartedMs: number | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  attach(server: HttpServer): void {
    server.on('connection', (socket: Socket) => this.#take(socket))
    // Before any other listener, because the socket's input belongs to them.
    server.prependListener('upgrade', ({ socket }: IncomingMessage) => this.#release(socket))
  }

  /** Becomes the reader of a connection, in place of Node. */
  #take(socket: Socket): void {
    const [parse, ...others] = socket.listeners('data') as OnData[]
    // A runtime other than Node may read connections in another way.
    if (!parse || others.length > 0) return
    const read: OnData = (chunk) => this.#feed(socket, parse, chunk)
    this.#listeners.set(socket, read)
    // Node stops to read a connection past JavaScript as soon as it has another listener for its data.
    socket.on('data', read)
    socket.off('data', parse)
  }

  #release(socket: Socket): void {
    const read = this.#listeners.get(socket)
    if (!read) return
    this.#listeners.delete(socket)
    socket.off('data', read)
  }

  #feed(socket: Socket, parse: OnData, chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      if (socket.destroyed) return
      const isReleased = !this.#listeners.has(socket)
      const isLate = !isReleased && !socket.isPaused() && !this.#hasTime()
      if (isLate) {
        socket.pause()
        ;(this.#served.has(socket) ? this.#unfinished : this.#unserved).add(socket)
      }
      // The rest goes back to the socket, so that its end comes after it.
      if (isReleased || socket.isPaused()) return void socket.unshift(chunk.subarray(at))
      this.#served.add(socket)
      parse.call(socket, chunk.subarray(at, at + PIECE_BYTES))
    }
  }

  #hasTime(): boolean {
    const nowMs = this.#clock.now()
    if (this.#turnStartedMs === null) {
      this.#turnStartedMs = nowMs
      this.#clock.soon(() => this.#endTurn())
    }
    return nowMs - this.#turnStartedMs < MAX_TURN_MS
  }

  #endTurn(): void {
    this.#turnStartedMs = null
    const waiting = [...this.#unserved, ...this.#unfinished]
    this.#unserved.clear()
    this.#unfinished.clear()
    this.#served.clear()
    // Each reads what it has left in this turn, as long as there is time.
    for (const socket of waiting) if (!socket.destroyed) socket.resume()
  }
}
