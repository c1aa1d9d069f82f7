import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
} from 'node:http'
import type { Socket } from 'node:net'
import type { AdmissionOptions } from '../admission/admission-options'
import { KeyCounts } from '../collections'
import { ServerError } from '../errors'
import type { Clock } from '../io/clock'
import { ignoreErrors } from '../io/late-errors'
import { PendingSockets } from '../io/pending-sockets'
import { tooManyHeaders } from '../io/read-handshake'
import { type Logger, SampledLog } from '../log'
import { PacedReads } from './paced-reads'
import { contain, refuseRequest } from './respond'

/*
 *   TCP connection --> pending --complete headers--> requests, one after the other --> end
 *                         |            |                ^ idle: keepAliveTimeoutMs; no progress: silenceTimeoutMs
 *                  headersTimeoutMs    `--upgrade--> a WebSocket, which this file no longer watches
 *                  or a limit
 *
 * Everything that a client can hold open has a timeout and a limit. Admission control decides who may connect.
 */

/**
 * Limits of the server's own HTTP server. If you attach to your own one, only `maxHeaders`, `upgradeTimeoutMs`, and
 * `silenceTimeoutMs` for long polls apply. All times are in milliseconds.
 */
export interface HttpOptions {
  /** Time from the start of a TCP connection until a request's headers are complete. @default 10000 */
  readonly headersTimeoutMs: number
  /** Time until a request is complete. @default 30000 */
  readonly requestTimeoutMs: number
  /** Time that an idle TCP connection stays open for another request. @default 5000 */
  readonly keepAliveTimeoutMs: number
  /** Longest time without any bytes of a request or response, in addition to a long poll's window. @default 30000 */
  readonly silenceTimeoutMs: number
  /** Bytes of a request's target and headers. The server answers a larger one with 431. @default 16384 */
  readonly maxHeaderBytes: number
  /** Number of headers of a request. The server answers more with 431, also on your own server. @default 100 */
  readonly maxHeaders: number
  /** Requests of one TCP connection whose responses are unread. With one more, the server closes it. @default 32 */
  readonly maxPipelined: number
  /**
   * Time in which another listener of your own server must answer an upgrade whose path Rollcall does not serve.
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

/** A long-polling Phoenix client has one TCP connection for its poll and one for its posts. */
const SOCKETS_PER_CONNECTION = 2

type SocketBounds = Pick<
  AdmissionOptions,
  'maxConnections' | 'maxPerAddress' | 'maxPending' | 'maxPendingPerAddress'
>

export interface HttpBounds {
  readonly clock: Clock
  readonly http: HttpOptions
  readonly admission: SocketBounds
  /** A long poll waits this many milliseconds without any bytes. */
  readonly longPoll: { readonly windowMs: number }
  /** Whether TCP connections are counted. */
  readonly areSocketsBounded: () => boolean
  /** Returns the peer that an address counts for, or null for a proxy, which carries many clients. */
  readonly peerOf: (remoteAddress: string) => string | null
  readonly logger: Logger
}

/** Creates an HTTP server that bounds what each client can hold. */
export function createHttpServer(bounds: HttpBounds, handle: RequestListener): HttpServer {
  const { clock, http, longPoll, admission, logger: log } = bounds
  const { maxPipelined } = http
  const cuts = new SampledLog(log, 'closing TCP connections with too many waiting requests')
  const onCut = () => {
    const message = `More than ${maxPipelined} requests of one TCP connection are waiting for their responses to be read (server option http.maxPipelined).`
    cuts.warn({ status: 429, reason: 'too_many_requests', message }, clock.now())
  }
  const bounded = boundPipeline(maxPipelined, onCut, (request, response) => {
    const refusal = tooManyHeaders(request, http.maxHeaders)
    if (refusal) refuseRequest(request, response, refusal)
    else handle(request, response)
  })
  const answer: RequestListener = (request, response) => {
    ignoreErrors(request)
    ignoreErrors(response)
    void contain(log, response, () => bounded(request, response))
  }
  const server = createServer(
    {
      headersTimeout: http.headersTimeoutMs,
      // Node requires it to be at least headersTimeout.
      requestTimeout: Math.max(http.requestTimeoutMs, http.headersTimeoutMs),
      keepAliveTimeout: http.keepAliveTimeoutMs,
      maxHeaderSize: http.maxHeaderBytes,
      // Otherwise Node responds by itself, past all limits, as it does to an unknown Expect without a listener. (S-105)
      requireHostHeader: false,
      connectionsCheckingInterval: Math.min(1000, http.headersTimeoutMs),
    },
    answer,
  )
  server.on('checkExpectation', answer)
  // Some versions of Node silently drop headers beyond this count, but `tooManyHeaders` must see them all.
  server.maxHeadersCount = 0
  server.timeout = http.silenceTimeoutMs + longPoll.windowMs
  server.maxConnections = SOCKETS_PER_CONNECTION * admission.maxConnections + admission.maxPending
  boundSockets(server, bounds)
  new PacedReads(clock).attach(server)
  logAcceptErrors(server, log, clock)
  return server
}

/** Logs a failed accept (no file descriptors, no memory), which would otherwise end the process. (S-76) */
function logAcceptErrors(server: HttpServer, log: Logger, clock: Clock): void {
  const failures = new SampledLog(log, 'accepting TCP connections failed')
  server.on('error', (error: NodeJS.ErrnoException) => {
    // Before the server listens, `listen` rejects with the error.
    if (!server.listening) return
    const { code = 'unknown', message } = error
    failures.warn({ status: 503, reason: code, message }, clock.now())
  })
}

function boundSockets(server: HttpServer, bounds: HttpBounds): void {
  const { clock, peerOf, admission } = bounds
  const pending = new PendingSockets<Socket>({
    max: admission.maxPending,
    maxPerAddress: admission.maxPendingPerAddress,
  })
  /** TCP connections per peer, without WebSockets. */
  const open = new KeyCounts()
  const peers = new WeakMap<Socket, string>()
  let isTrimDue = false
  const trimLater = () => {
    if (isTrimDue || !pending.isCrowded) return
    isTrimDue = true
    // The next turn reads what has arrived on the connections accepted in this one.
    clock.soon(() =>
      clock.soon(() => {
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
  // One function for all sockets, to save memory.
  function onClose(this: Socket): void {
    forget(this)
  }
  server.on('connection', (socket: Socket) => {
    if (!bounds.areSocketsBounded()) return
    const peer = peerOf(socket.remoteAddress ?? '')
    if (peer !== null && open.of(peer) >= SOCKETS_PER_CONNECTION * admission.maxPerAddress)
      return void socket.destroy()
    pending.add(socket, peer)
    trimLater()
    if (peer !== null) {
      peers.set(socket, peer)
      open.add(peer)
    }
    socket.on('close', onClose)
  })
  for (const event of ['request', 'checkExpectation'])
    server.on(event, ({ socket }: IncomingMessage) => pending.remove(socket))
  server.on('upgrade', ({ socket }: IncomingMessage) => {
    forget(socket)
    socket.off('close', onClose)
  })
}

/*
 *   one TCP connection: GET GET GET GET … --one read--> as many requests, whose responses wait behind the first
 *
 * Node pauses such a connection, but still delivers all requests of one read. 64 KiB can hold two thousand of them, and each
 * takes a hundred times its size in memory.
 */

/**
 * Passes on requests, up to `max` per TCP connection whose responses have not left. One more closes the connection without
 * a response, because that would have to wait behind all others, and calls `onCut`.
 */
export function boundPipeline(max: number, onCut: () => void, handle: RequestListener): RequestListener {
  const waiting = new WeakMap<Socket, number>()
  return (request, response) => {
    const { socket } = request
    // Node still delivers the remaining requests of the read.
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

/** Starts to listen. Rejects with `listen_failed` if the port is not available. */
export function listenHttp(server: HttpServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: Error) => {
      reject(
        new ServerError('listen_failed', `Cannot listen on ${host}:${port}: ${cause.message}.`, { cause }),
      )
    }
    server.once('error', onError)
    server.listen(port, host, () => {
      server.off('error', onError)
      resolve()
    })
  })
}

/** Closes an HTTP server. After `timeoutMs` it also closes connections that are still open. */
export async function closeHttpServer(server: HttpServer, clock: Clock, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  // Node does not count a connection as idle that a browser opened in advance and never used: it would last a minute.
  const timer = clock.after(timeoutMs, () => server.closeAllConnections())
  await closed
  timer.cancel()
}
