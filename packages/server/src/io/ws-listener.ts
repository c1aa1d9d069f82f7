import { type Server as HttpServer, type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Frame } from '@rollcall/shared-protocol'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import { readHandshake } from './read-handshake'
import { type Admit, type HandshakeRefusal, NO_DIALECT, type Wire, type WireEvents } from './wire'

/*
 *  http.Server 'upgrade' --> admit(request) --refusal--> HTTP answer, socket closed
 *                                |
 *                            acceptance --> ws handshake --> Wire --> accept(wire) -> WireEvents
 *
 * The only file that knows of `ws`.
 */

export interface ListenerOptions {
  /** Bytes of one message past which the peer is cut off with 1009, unread. */
  readonly maxPayloadBytes: number
  /** Milliseconds that a peer has to answer a close frame. */
  readonly closeTimeoutMs: number
  /** Whether others may answer the upgrades of the same HTTP server that are none of ours. */
  readonly isShared: boolean
}

/** Answers the WebSocket handshakes of an HTTP server. */
export class WsListener {
  readonly #wss: WebSocketServer
  readonly #options: ListenerOptions
  readonly #admit: Admit
  #server: HttpServer | null = null
  #isClosed = false

  constructor(options: ListenerOptions, admit: Admit) {
    this.#options = options
    this.#admit = admit
    this.#wss = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: options.maxPayloadBytes,
      perMessageDeflate: false,
      // Chosen by `admit` before ws is asked; see #upgrade.
      handleProtocols: (_offered, request) => chosenSubprotocols.get(request) ?? false,
    })
  }

  attach(server: HttpServer): void {
    this.#server = server
    server.on('upgrade', this.#onUpgrade)
  }

  /** Takes no further handshake from this server. Connections that are open stay so. */
  detach(): void {
    this.#isClosed = true
    this.#server?.off('upgrade', this.#onUpgrade)
  }

  get #upgradeListeners(): number {
    return this.#server?.listenerCount('upgrade') ?? 0
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // A peer that resets the connection during the handshake must not end the process.
    socket.on('error', ignore)
    void this.#upgrade(request, socket, head)
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const handshake = readHandshake(request)
    const answer = handshake ? await this.#admit(handshake) : badTarget
    if (socket.destroyed) return
    if ('status' in answer) {
      // Another listener (a development server's hot reload, say) may know the path that we do not.
      const mayBeOthers = this.#options.isShared && answer.reason === NO_DIALECT && this.#upgradeListeners > 1
      return mayBeOthers ? undefined : refuseHandshake(socket, answer)
    }
    if (this.#isClosed) return refuseHandshake(socket, closing)
    if (answer.subprotocol) chosenSubprotocols.set(request, answer.subprotocol)
    this.#wss.handleUpgrade(request, socket, head, (peer) => {
      const wire = new WsWire(peer, socket, this.#options.closeTimeoutMs)
      wire.listen(answer.open(wire))
    })
  }
}

const chosenSubprotocols = new WeakMap<IncomingMessage, string>()
const badTarget: HandshakeRefusal = {
  status: 400,
  reason: 'bad_target',
  message: 'The request target is no URL.',
}
const closing: HandshakeRefusal = { status: 503, reason: 'closing', message: 'The server is shutting down.' }

function ignore(): void {}

class WsWire implements Wire {
  readonly #peer: WebSocket
  readonly #socket: Duplex
  readonly #closeTimeoutMs: number

  constructor(peer: WebSocket, socket: Duplex, closeTimeoutMs: number) {
    this.#peer = peer
    this.#socket = socket
    this.#closeTimeoutMs = closeTimeoutMs
    peer.binaryType = 'nodebuffer'
  }

  listen(events: WireEvents): void {
    const peer = this.#peer
    peer.on('message', (data: RawData, isBinary: boolean) => events.onMessage(data as Buffer, isBinary))
    peer.on('pong', () => events.onPong())
    peer.on('close', (code, reason) => events.onClose(code, reason.toString()))
    // Broken frames and resets: ws closes by itself and then tells 'close'.
    peer.on('error', ignore)
  }

  get bufferedBytes(): number {
    return this.#peer.bufferedAmount
  }

  send(frames: readonly Frame[]): void {
    if (this.#peer.readyState !== WebSocket.OPEN) return
    // Corked, all of them leave in one system call.
    this.#socket.cork()
    for (const frame of frames) this.#peer.send(frame, { binary: typeof frame !== 'string' })
    this.#socket.uncork()
  }

  ping(): void {
    if (this.#peer.readyState === WebSocket.OPEN) this.#peer.ping()
  }

  close(code: number, reason: string): void {
    if (this.#peer.readyState === WebSocket.CLOSED) return
    this.#peer.close(code, reason)
    const timer = setTimeout(() => this.#peer.terminate(), this.#closeTimeoutMs)
    this.#peer.once('close', () => clearTimeout(timer))
  }

  terminate(): void {
    this.#peer.terminate()
  }
}

function refuseHandshake(socket: Duplex, { status, reason, message }: HandshakeRefusal): void {
  const body = JSON.stringify({ error: reason, message })
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
      'Connection: close',
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  )
}
