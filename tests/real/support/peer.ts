import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'

/** Milliseconds after which something that was to come counts as not coming. */
const PATIENCE_MS = 5000

/** A WebSocket client without any protocol of its own: it sends what it is told and remembers what it got. */
export class Peer {
  readonly socket: WebSocket
  /** Every message so far, parsed where it is JSON. */
  readonly received: unknown[] = []
  closed: { readonly code: number; readonly reason: string } | null = null
  readonly #waiting = new Set<() => void>()
  #taken = 0

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data) => {
      this.received.push(parse(String(data)))
      this.#wake()
    })
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) }
      this.#wake()
    })
    socket.on('error', () => {})
  }

  send(message: unknown): void {
    this.socket.send(
      typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message),
    )
  }

  /** The first message after the one that was taken last for which this holds; the ones between are passed over. */
  async next(holds: (message: any) => boolean = () => true): Promise<any> {
    let found: unknown
    await this.until(() => {
      while (this.#taken < this.received.length) {
        found = this.received[this.#taken++]
        if (holds(found)) return true
      }
      return false
    }, `a message for which ${holds} holds`)
    return found
  }

  /** Resolves with how it was closed. */
  async whenClosed(): Promise<{ readonly code: number; readonly reason: string }> {
    await this.until(() => this.closed !== null, 'the close')
    return this.closed ?? { code: 0, reason: '' }
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    const giveUpAt = Date.now() + PATIENCE_MS
    while (!holds()) {
      const left = giveUpAt - Date.now()
      if (left <= 0)
        throw new Error(
          `Waited for ${what}; got ${JSON.stringify(this.received)}, closed ${JSON.stringify(this.closed)}.`,
        )
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#waiting.add(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}

/** Connects, and is cut off when the test ends. */
export async function connect(url: string, subprotocol?: string): Promise<Peer> {
  const socket = subprotocol === undefined ? new WebSocket(url) : new WebSocket(url, subprotocol)
  onTestFinished(() => socket.terminate())
  const peer = new Peer(socket)
  await once(socket, 'open')
  return peer
}

/** The HTTP answer to a handshake that is refused. */
export async function refusedHandshake(
  url: string,
  subprotocol?: string,
): Promise<{ status: number; headers: IncomingHttpHeaders; body: any }> {
  const socket = subprotocol === undefined ? new WebSocket(url) : new WebSocket(url, subprotocol)
  socket.on('error', () => {})
  const [, response] = await once(socket, 'unexpected-response')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return {
    status: response.statusCode,
    headers: response.headers,
    body: parse(Buffer.concat(chunks).toString()),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
