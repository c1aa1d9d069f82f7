import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
} from 'node:http'
import type { Socket } from 'node:net'
import type { AdmissionOptions } from '../admission/admission-options'
import { KeyCounts } from '../collections'
import { systemClock } from '../io/clock'
import { ignoreErrors } from '../io/late-errors'
import { PendingSockets } from '../io/pending-sockets'
import { tooManyHeaders } from '../io/read-handshake'
import { type Logger, SampledLog } from '../log'
import { contain, refuseRequest } from './respond'

/*
 *   TCP connection --> pending --headers are whole--> requests, one after the other --> its end
 *                         |            |                      ^ idle: keepAliveTimeoutMs; nothing moves: silenceTimeoutMs
 *                  headersTimeoutMs    `--upgrade--> a WebSocket, no longer looked at here
 *                  or one too many
 *
 * Everything that a stranger may hold open without saying anything of use ends by itself, and there is only so much of
 * it. Who may connect, and who they are, is decided elsewhere.
 */

/**
 * Of the server's own HTTP server; one of yours has its own, but for `maxHeaders`, `silenceTimeoutMs` of long polls and
 * `upgradeTimeoutMs`. Times in milliseconds.
 */
export interface HttpOptions {
  /** Time that a request's headers have to come, from when the TCP connection is there. @default 10000 */
  readonly headersTimeoutMs: number
  /** Time that a whole request has to come. @default 30000 */
  readonly requestTimeoutMs: number
  /** Time that a TCP connection is kept for another request. @default 5000 */
  readonly keepAliveTimeoutMs: number
  /** Time in which something of a request or its answer has to move, beside the window of a long poll. @default 30000 */
  readonly silenceTimeoutMs: number
  /** Bytes of a request's headers, its address among them. More is answered with 431. @default 16384 */
  readonly maxHeaderBytes: number
  /** Headers of a request. With more it is answered with 431, also on a server of yours. @default 100 */
  readonly maxHeaders: number
  /** Requests of one TCP connection that wait for their answers to be read. With one more it is cut off. @default 32 */
  readonly maxPipelined: number
  /**
   * Time that the other listeners of a server of yours have to answer an upgrade whose path is none of ours.
   * @default 10000
   */
  readonly upgradeTimeoutMs: number
}

export const DEFAULT_HTTP: HttpOptions = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 5000,
  silenceTimeoutMs: 30_000,
  maxHeaderBytes: 16_384,
  maxHeaders: 100,
  maxPipelined: 32,
  upgradeTimeoutMs: 10_000,
}

/** A client of Phoenix's long poll has one TCP connection that waits, and one to post. */
const SOCKETS_PER_CONNECTION = 2

type SocketBounds = Pick<
  AdmissionOptions,
  'maxConnections' | 'maxPerAddress' | 'maxPending' | 'maxPendingPerAddress'
>

export interface HttpBounds extends SocketBounds {
  readonly http: HttpOptions
  /** Milliseconds that a long poll waits, in which nothing moves. */
  readonly windowMs: number
  /** Whether TCP connections are counted. */
  readonly areSocketsBounded: () => boolean
  /** What is counted as one peer; null for a proxy, which stands for many. */
  readonly peerOf: (remoteAddress: string) => string | null
  readonly log: Logger
}

/** An HTTP server for strangers. */
export function createHttpServer(bounds: HttpBounds, handle: RequestListener): HttpServer {
  const { http, windowMs, maxConnections, maxPending, log } = bounds
  const { maxPipelined } = http
  const cuts = new SampledLog(log, 'closing TCP connections with too many waiting requests')
  const onCut = () => {
    const message = `More than ${maxPipelined} requests of one TCP connection are waiting for their responses to be read (server option http.maxPipelined).`
    cuts.warn({ status: 429, reason: 'too_many_requests', message }, systemClock.now())
  }
  const bounded = boundPipeline(maxPipelined, onCut, (request, response) => {
    const refusal = tooManyHeaders(request, http.maxHeaders)
    if (refusal) refuseRequest(request, response, refusal)
    else handle(request, response)
  })
  const server = createServer(
    {
      headersTimeout: http.headersTimeoutMs,
      // Node wants it no shorter than that of the headers.
      requestTimeout: Math.max(http.requestTimeoutMs, http.headersTimeoutMs),
      keepAliveTimeout: http.keepAliveTimeoutMs,
      maxHeaderSize: http.maxHeaderBytes,
      connectionsCheckingInterval: Math.min(1000, http.headersTimeoutMs),
    },
    (request, response) => {
      ignoreErrors(request)
      ignoreErrors(response)
      void contain(log, response, () => bounded(request, response))
    },
  )
  // Some versions of Node drop headers past this count. All are to come here, to be counted; maxHeaderSize bounds them.
  server.maxHeadersCount = 0
  server.timeout = http.silenceTimeoutMs + windowMs
  server.maxConnections = SOCKETS_PER_CONNECTION * maxConnections + maxPending
  boundSockets(server, bounds)
  logAcceptErrors(server, log)
  return server
}

/** A connection that the system does not hand over (no file descriptors, no memory) must not end the process. (S-76) */
function logAcceptErrors(server: HttpServer, log: Logger): void {
  const lost = new SampledLog(log, 'accepting TCP connections failed')
  server.on('error', (error: NodeJS.ErrnoException) => {
    // Before that, `listen` rejects with it.
    if (!server.listening) return
    const { code = 'unknown', message } = error
    lost.warn({ status: 503, reason: code, message }, systemClock.now())
  })
}

function boundSockets(server: HttpServer, bounds: HttpBounds): void {
  const { peerOf, maxPerAddress } = bounds
  const pending = new PendingSockets<Socket>({
    max: bounds.maxPending,
    maxPerAddress: bounds.maxPendingPerAddress,
  })
  /** Of each peer: TCP connections that are no WebSockets. */
  const open = new KeyCounts()
  const peers = new WeakMap<Socket, string>()
  let isTrimDue = false
  const trimLater = () => {
    if (isTrimDue || !pending.isCrowded) return
    isTrimDue = true
    // After the next turn has read what was sent on those that this one has accepted.
    systemClock.soon(() =>
      systemClock.soon(() => {
        isTrimDue = false
        pending.trim()
      }),
    )
  }
  const forget = (socket: Socket) => {
    const peer = peers.get(socket)
    pending.remove(socket)
    if (peer !== undefined && peers.delete(socket)) open.remove(peer)
  }
  // One for all: a server has very many sockets.
  function onClose(this: Socket): void {
    forget(this)
  }
  server.on('connection', (socket: Socket) => {
    if (!bounds.areSocketsBounded()) return
    const peer = peerOf(socket.remoteAddress ?? '')
    if (peer !== null && open.of(peer) >= SOCKETS_PER_CONNECTION * maxPerAddress) return void socket.destroy()
    pending.add(socket, peer)
    trimLater()
    if (peer !== null) {
      peers.set(socket, peer)
      open.add(peer)
    }
    socket.on('close', onClose)
  })
  server.on('request', ({ socket }: IncomingMessage) => pending.remove(socket))
  server.on('upgrade', ({ socket }: IncomingMessage) => {
    forget(socket)
    socket.off('close', onClose)
  })
}

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
