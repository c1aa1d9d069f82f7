import { type Server as HttpServer, type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from '@rollcall/ws'
import { ServerError } from '../errors'
import { type Logger, logFailure, SampledLog } from '../log'
import type { Clock } from './clock'
import { ignoreErrors } from './late-errors'
import { type CompressionOptions, PacketBatch } from './packet'
import type { HandshakeReader } from './read-handshake'
import { ReadScheduler } from './read-scheduler'
import { tooManyParams } from './request-size'
import { DATA_HEADERS } from './security-headers'
import { bytesWrittenTo, isAnswered, type UnansweredUpgrades } from './unanswered-upgrades'
import { deflateOffers } from './websocket/permessage-deflate'
import { type Acceptance, type Admit, type HandshakeRefusal, NO_DIALECT } from './wire'
import { WsWire, type WsWireContext } from './ws-wire'

/*
 *  http.Server 'upgrade' --> admit(request) --refusal--> HTTP answer, socket closed
 *                                |
 *                            acceptance --> ws's handshake --> WsWire --> accept(wire) -> WireEvents
 *
 * The only file that uses `ws`, which checks the handshake and negotiates the extension. From then on the socket is ours:
 * `ws` would encode a fan-out once per connection (ADR 18).
 */

export interface ListenerOptions {
  readonly clock: Clock
  /** Most bytes of one message. A larger one closes the connection with 1009, unread. */
  readonly maxPayloadBytes: number
  /** Milliseconds that a peer has to answer a close frame. */
  readonly closeTimeoutMs: number
  /** Watches the upgrades that are left to other listeners; null for the server's own HTTP server, which has none. */
  readonly unanswered: UnansweredUpgrades | null
  /** Returns the peer that a request counts for, or null where nothing is counted per address. */
  readonly peerOf: (request: IncomingMessage) => string | null
  readonly handshakes: HandshakeReader
  /** Null switches compression off. */
  readonly compression: CompressionOptions | null
  readonly log: Logger
}

/** Answers the WebSocket handshakes of an HTTP server. */
export class WsListener {
  readonly #wss: WebSocketServer
  readonly #options: ListenerOptions
  readonly #admit: Admit
  readonly #plain: WsWireContext
  readonly #compressed: WsWireContext
  readonly #answeredByOthers: SampledLog
  /** Sockets whose handshake is not decided yet. */
  readonly #undecided = new Set<Duplex>()
  #server: HttpServer | null = null
  #isClosed = false

  constructor(options: ListenerOptions, admit: Admit) {
    this.#options = options
    this.#admit = admit
    this.#answeredByOthers = new SampledLog(options.log, 'another upgrade listener answered handshakes')
    const { clock, maxPayloadBytes: maxMessageBytes, closeTimeoutMs, compression } = options
    const batch = new PacketBatch(clock)
    const shared = { clock, batch, closeTimeoutMs, readScheduler: new ReadScheduler(clock) }
    this.#plain = { ...shared, compression: null, reading: { maxMessageBytes, isCompressed: false } }
    this.#compressed = { ...shared, compression, reading: { maxMessageBytes, isCompressed: true } }
    this.#wss = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: options.maxPayloadBytes,
      // Each message is compressed on its own, in both directions: see websocket/permessage-deflate.ts.
      perMessageDeflate: options.compression
        ? { serverNoContextTakeover: true, clientNoContextTakeover: true }
        : false,
      WebSocket: Handshake,
      // `admit` chooses the subprotocol before `ws` is called: see #upgrade.
      handleProtocols: (_offered, request) => chosenSubprotocols.get(request) ?? false,
    })
  }

  attach(server: HttpServer): void {
    checkUnattached(server)
    markAttached(server)
    this.#server = server
    // Runs first, so that anything written later is another listener's answer.
    server.prependListener('upgrade', this.#onUpgrade)
  }

  /**
   * Stops accepting handshakes; open connections stay open. The server's own HTTP server has no other listener for upgrades,
   * and cannot close before their sockets do, so pending and later handshakes are refused there. (S-76, S-81)
   */
  detach(): void {
    this.#isClosed = true
    if (!this.#server) return
    if (this.#options.unanswered === null) {
      for (const socket of this.#undecided) this.#refuse(socket, closing)
      this.#undecided.clear()
    } else this.#server.off('upgrade', this.#onUpgrade)
    this.#options.unanswered?.close()
    unmarkAttached(this.#server)
    this.#server = null
  }

  get #upgradeListeners(): number {
    return this.#server?.listenerCount('upgrade') ?? 0
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // Otherwise a peer that resets the connection during the handshake would end the process.
    ignoreErrors(socket)
    if (this.#isClosed) return this.#refuse(socket, closing)
    // An unhandled rejection would end the process.
    this.#upgrade(request, socket, head).catch((error: unknown) => {
      logFailure(this.#options.log, error, {}, 'a handshake failed')
      socket.destroy()
    })
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { unanswered, peerOf } = this.#options
    const writtenBytes = bytesWrittenTo(socket)
    this.#undecided.add(socket)
    const answer = await this.#decide(request)
    if (!this.#undecided.delete(socket)) {
      if ('abandon' in answer) answer.abandon()
      return
    }
    if ('status' in answer) {
      if (isAnswered(socket, writtenBytes)) return this.#leave(socket)
      // Another listener, such as a development server's hot reload, may know the path.
      const mayBeOthers = answer.reason === NO_DIALECT && this.#upgradeListeners > 1
      if (!unanswered || !mayBeOthers) return this.#refuse(socket, answer)
      return unanswered.watch(socket, writtenBytes, peerOf(request))
    }
    if (isAnswered(socket, writtenBytes)) {
      answer.abandon()
      return this.#leave(socket)
    }
    if (this.#isClosed) {
      answer.abandon()
      return this.#refuse(socket, closing)
    }
    if (answer.subprotocol) chosenSubprotocols.set(request, answer.subprotocol)
    // `ws` refuses the whole handshake for an offer that it cannot accept, so such offers are removed.
    request.headers['sec-websocket-extensions'] = deflateOffers(request.headers['sec-websocket-extensions'])
    let isOpen = false
    try {
      this.#wss.handleUpgrade(request, socket, head, ({ extensions }) => {
        const wire = new WsWire(socket, extensions === '' ? this.#plain : this.#compressed)
        const events = answer.open(wire)
        isOpen = true
        wire.listen(events, head)
      })
    } finally {
      // `ws` either calls back synchronously or has refused an invalid handshake.
      if (!isOpen) answer.abandon()
    }
  }

  async #decide(request: IncomingMessage): Promise<Acceptance | HandshakeRefusal> {
    try {
      const tooMany = this.#options.handshakes.headersRefusal(request) ?? tooManyParams(request)
      if (tooMany) return tooMany
      const handshake = this.#options.handshakes.read(request)
      return handshake ? await this.#admit(handshake) : badTarget
    } catch (error) {
      logFailure(this.#options.log, error, {}, 'a handshake failed')
      return failed
    }
  }

  /**
   * Leaves a socket to which someone wrote while the handshake was decided. Without another upgrade listener, that was the
   * response to an earlier request of the same TCP connection, and nobody else would ever close this socket. (S-79)
   */
  #leave(socket: Duplex): void {
    if (socket.destroyed) return
    const isAlone =
      this.#options.unanswered === null || (this.#server !== null && this.#upgradeListeners <= 1)
    if (isAlone) return void socket.destroy()
    this.#answeredByOthers.warn(answeredByOthers, this.#options.clock.now())
  }

  /** Sends the refusal and closes, after a timeout if the peer neither reads nor closes. */
  #refuse(socket: Duplex, refusal: HandshakeRefusal): void {
    const { clock, closeTimeoutMs } = this.#options
    const timer = clock.after(closeTimeoutMs, () => socket.destroy())
    socket.once('close', () => timer.cancel())
    socket.once('finish', () => socket.destroy())
    socket.end(refusalText(refusal))
  }
}

/** Created by `ws` for each handshake. The original `setSocket` would start reading the socket. */
class Handshake extends WebSocket {
  setSocket(socket: Socket): void {
    socket.setTimeout(0)
    socket.setNoDelay()
  }
}

const chosenSubprotocols = new WeakMap<IncomingMessage, string>()
const badTarget: HandshakeRefusal = {
  status: 400,
  reason: 'bad_target',
  message: 'The request target is not a valid URL.',
}
const failed: HandshakeRefusal = {
  status: 500,
  reason: 'request_failed',
  message: 'The server failed to answer this request.',
}
/** Only logged: a second answer would break the connection that the other listener opened. */
const answeredByOthers: HandshakeRefusal = {
  status: 500,
  reason: 'answered_by_others',
  message:
    'Another upgrade listener answered a handshake meant for Rollcall. Let it answer only its own paths (see docs/guides/embed.md).',
}
const closing: HandshakeRefusal = { status: 503, reason: 'closing', message: 'The server is shutting down.' }

function refusalText({ status, reason, message, retryAfterS }: HandshakeRefusal): string {
  const body = JSON.stringify({ error: reason, message })
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    'Connection: close',
    ...(status === 401 ? ['WWW-Authenticate: Bearer'] : []),
    ...(retryAfterS === undefined ? [] : [`Retry-After: ${retryAfterS}`]),
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(DATA_HEADERS).map(([name, value]) => `${name}: ${value}`),
    '',
    body,
  ].join('\r\n')
}

/** Shared by all copies of this module: hot reload may load it twice, and so do CommonJS and ESM together. */
const ATTACHED = Symbol.for('rollcall.attached')

type Marked = HttpServer & { [ATTACHED]?: boolean }

/**
 * Throws `already_attached` if another Rollcall server is attached to this HTTP server: both would answer each handshake,
 * and their frames would mix. (S-46)
 */
export function checkUnattached(server: HttpServer): void {
  if (!(server as Marked)[ATTACHED]) return
  throw new ServerError(
    'already_attached',
    'A Rollcall server is already attached to this HTTP server. Close that one first (with hot reload: when the old module is disposed).',
  )
}

export function markAttached(server: HttpServer): void {
  Object.defineProperty(server, ATTACHED, { value: true, configurable: true })
}

export function unmarkAttached(server: HttpServer): void {
  delete (server as Marked)[ATTACHED]
}
