import { type Server as HttpServer, type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from '@rollcall/ws'
import { ServerError } from '../errors'
import { type Logger, logFailure, SampledLog } from '../log'
import { systemClock } from './clock'
import { ignoreErrors } from './late-errors'
import { type CompressionOptions, PacketBatch } from './packet'
import { readHandshake } from './read-handshake'
import { ReadScheduler } from './read-scheduler'
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
 * The only file that knows of `ws`: it checks the handshake and agrees on the extension. The socket is ours from then
 * on, as `ws` would encode what goes to many once for each of them.
 */

export interface ListenerOptions {
  /** Bytes of one message past which the peer is cut off with 1009, unread. */
  readonly maxPayloadBytes: number
  /** Milliseconds that a peer has to answer a close frame. */
  readonly closeTimeoutMs: number
  /** Watches the upgrades that are left to others' listeners; null where the HTTP server has none but ours. */
  readonly unanswered: UnansweredUpgrades | null
  /** What a request is counted as; null where addresses are not counted. */
  readonly peerOf: (request: IncomingMessage) => string | null
  /** Why a handshake whose headers may not all be there is refused; null where they are. */
  readonly headersRefusal: (request: IncomingMessage) => HandshakeRefusal | null
  /** How to compress for the peers that can take it; null for not at all. */
  readonly compression: CompressionOptions | null
  /** Where a request comes from. */
  readonly addressOf: (request: IncomingMessage) => string
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
  /** Handshakes that are being decided. */
  readonly #undecided = new Set<Duplex>()
  #server: HttpServer | null = null
  #isClosed = false

  constructor(options: ListenerOptions, admit: Admit) {
    this.#options = options
    this.#admit = admit
    this.#answeredByOthers = new SampledLog(options.log, 'another upgrade listener answered handshakes')
    const { maxPayloadBytes: maxMessageBytes, closeTimeoutMs, compression } = options
    const batch = new PacketBatch(systemClock)
    const shared = { batch, closeTimeoutMs, readScheduler: new ReadScheduler(systemClock) }
    this.#plain = { ...shared, compression: null, reading: { maxMessageBytes, isCompressed: false } }
    this.#compressed = { ...shared, compression, reading: { maxMessageBytes, isCompressed: true } }
    this.#wss = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: options.maxPayloadBytes,
      // One message stands for itself, both ways: see websocket/deflate.ts.
      perMessageDeflate: options.compression
        ? { serverNoContextTakeover: true, clientNoContextTakeover: true }
        : false,
      WebSocket: Handshake,
      // Chosen by `admit` before ws is asked; see #upgrade.
      handleProtocols: (_offered, request) => chosenSubprotocols.get(request) ?? false,
    })
  }

  attach(server: HttpServer): void {
    checkUnattached(server)
    markAttached(server)
    this.#server = server
    // Before all others, so that what any of them writes is seen to be its answer.
    server.prependListener('upgrade', this.#onUpgrade)
  }

  /**
   * Takes no further handshake from this server. Connections that are open stay so. An HTTP server of our own has no other
   * listener for an upgrade on a connection that was opened earlier, and closes only after the last of those sockets: we
   * refuse what is undecided, and go on refusing what comes. (S-76, S-81)
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
    // A peer that resets the connection during the handshake must not end the process.
    ignoreErrors(socket)
    if (this.#isClosed) return this.#refuse(socket, closing)
    // Uncaught, it would end the process with everybody's connections.
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
      // Another listener (a development server's hot reload, say) may know the path that we do not.
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
    // `ws` refuses a client whose offer it does not take, where it would only have to decline the offer.
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
      // It calls back at once, or has refused what was wrong with the rest of the handshake.
      if (!isOpen) answer.abandon()
    }
  }

  async #decide(request: IncomingMessage): Promise<Acceptance | HandshakeRefusal> {
    try {
      const tooMany = this.#options.headersRefusal(request)
      if (tooMany) return tooMany
      const handshake = readHandshake(request, this.#options.addressOf)
      return handshake ? await this.#admit(handshake) : badTarget
    } catch (error) {
      logFailure(this.#options.log, error, {}, 'a handshake failed')
      return failed
    }
  }

  /**
   * Something was written while a handshake was decided. Where nobody else listens for upgrades, that was the answer to an
   * earlier request of the same TCP connection: nobody would ever answer or close this one. (S-79)
   */
  #leave(socket: Duplex): void {
    if (socket.destroyed) return
    const isAlone =
      this.#options.unanswered === null || (this.#server !== null && this.#upgradeListeners <= 1)
    if (isAlone) return void socket.destroy()
    this.#answeredByOthers.warn(answeredByOthers, systemClock.now())
  }

  /** Answers, and waits for no goodbye: a peer that neither reads nor closes would hold the socket for ever. */
  #refuse(socket: Duplex, refusal: HandshakeRefusal): void {
    const timer = setTimeout(() => socket.destroy(), this.#options.closeTimeoutMs)
    socket.once('close', () => clearTimeout(timer))
    socket.once('finish', () => socket.destroy())
    socket.end(refusalText(refusal))
  }
}

/** What `ws` makes of a handshake. It would take the socket over in `setSocket`; here it leaves it alone. */
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
/** Two answers to one handshake would leave a peer with frames that it cannot read. */
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

/** The same symbol in every copy of this module: hot reload may load it twice, and CommonJS beside ESM does. */
const ATTACHED = Symbol.for('rollcall.attached')

type Marked = HttpServer & { [ATTACHED]?: boolean }

/**
 * Throws `already_attached` where another Rollcall server answers the upgrades of this HTTP server: both would answer
 * each handshake, and their frames would mix. (S-46)
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
