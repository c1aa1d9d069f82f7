import type { RequestListener } from 'node:http'
import type { Socket } from 'node:net'

/*
 *   one TCP connection: GET GET GET GET … --one read--> as many requests, whose answers wait for the first to be read
 *
 * Node stops to read such a connection, but hands over all requests that one read has brought: 64 KiB of them, two
 * thousand, each a hundred times as large in memory as on the wire.
 */

/**
 * Hands requests on, of each TCP connection up to `max` that wait for their answers to have left. A connection with one
 * more is cut off, unanswered, as its answer would have to wait for all others; `onCut` hears of it.
 */
export function boundPipeline(max: number, onCut: () => void, handle: RequestListener): RequestListener {
  const waiting = new WeakMap<Socket, number>()
  return (request, response) => {
    const { socket } = request
    // The rest of what was read comes all the same.
    if (socket.destroyed) return
    const count = (waiting.get(socket) ?? 0) + 1
    if (count > max) {
      socket.destroy()
      return onCut()
    }
    waiting.set(socket, count)
    response.once('close', () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1))
    handle(request, response)
  }
}
