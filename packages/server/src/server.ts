import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Payload, type Topic, utf8Bytes } from '@rollcall/shared-protocol'
import { addressGroup } from './admission/address'
import { type ClientAddress, clientAddress } from './admission/client-address'
import { checkOptions, type OptionsOf } from './check-options'
import { ServerError } from './errors'
import { createHttpServer } from './http/http-server'
import { LongPoll } from './http/longpoll'
import { createRequestHandler } from './http/request-handler'
import { refuseRequest } from './http/respond'
import { readPage } from './http/static-page'
import { LONGEST_DELAY_MS, systemClock } from './io/clock'
import { type Mode, modeFor, nodeEnv } from './io/mode'
import { tooManyHeaders } from './io/read-handshake'
import { UnansweredUpgrades } from './io/unanswered-upgrades'
import type { Acceptance, HandshakeRefusal, HandshakeRequest } from './io/wire'
import { checkUnattached, WsListener } from './io/ws-listener'
import { type NotReadyReason, PresenceNode } from './node'
import { type ResolvedServerOptions, resolveServerOptions, type ServerOptions } from './options'
import { Registry } from './presence/registry'
import type { KickTarget } from './store/node-messages'

/*
 *  http.Server -upgrade-> WsListener -+-> PresenceNode
 *       |-------request-> LongPoll ---+
 *       +---------------> request handler (the page, the welcome)
 *
 * The node with its sockets on.
 */

/** Frames up to this many times `limits.frameBytes` are read, to be answered with a fault; larger ones cut off. */
const HARD_FRAME_FACTOR = 4

export interface DrainOptions {
  /** Milliseconds over which the connections are ended. @default 5000 */
  readonly overMs?: number
}

const DRAIN_OPTION_TYPES: OptionsOf<DrainOptions> = { overMs: 'number' }

/** A presence server. Made by {@link createServer}. */
export class RollcallServer {
  /** The presences of all topics, for the server's own program. */
  readonly registry: Registry
  readonly #options: ResolvedServerOptions
  readonly #node: PresenceNode
  readonly #http: HttpServer
  readonly #ownsHttp: boolean
  readonly #listener: WsListener
  readonly #longPoll: LongPoll
  readonly #clientAddress: ClientAddress
  #mode: Mode | null
  #phase: 'new' | 'open' | 'closed' = 'new'

  constructor(given: ServerOptions) {
    const options = resolveServerOptions(given)
    if (options.server) checkUnattached(options.server)
    this.#options = options
    this.#mode = options.mode
    this.#node = new PresenceNode(options, () => this.mode)
    this.registry = new Registry(this.#node.registry)
    this.#clientAddress = clientAddress(options.trustProxy, options.logger)
    this.#ownsHttp = options.server === null
    this.#http = options.server ?? this.#createHttp()
    const maxPayloadBytes = options.limits.frameBytes * HARD_FRAME_FACTOR
    const { closeTimeoutMs, clock, random, compression, admission, http, logger: log } = options
    const addressOf = this.#clientAddress
    const headersRefusal = (request: IncomingMessage) => tooManyHeaders(request, http.maxHeaders, this.#http)
    const peerOf = (request: IncomingMessage) =>
      this.mode === 'development' ? null : addressGroup(addressOf(request))
    const unanswered = this.#ownsHttp
      ? null
      : new UnansweredUpgrades({
          clock: systemClock,
          timeoutMs: http.upgradeTimeoutMs,
          max: admission.maxPending,
          maxPerAddress: admission.maxPendingPerAddress,
        })
    this.#listener = new WsListener(
      { maxPayloadBytes, closeTimeoutMs, compression, addressOf, peerOf, headersRefusal, unanswered, log },
      (request) => this.#node.admit(request),
    )
    this.#longPoll = new LongPoll({
      admit: (request) => this.#node.admit(request, 'longpoll'),
      door: this.#node.admissionControl,
      addressOf,
      headersRefusal,
      clock,
      random,
      log,
      options: options.longPoll,
      closeTimeoutMs,
      silenceMs: options.http.silenceTimeoutMs,
    })
    if (!this.#ownsHttp) this.#open()
  }

  /** Whether names are taken on trust; decided by the option, or else by the address once it is known. */
  get mode(): Mode {
    if (this.#mode) return this.#mode
    const address = this.#http.address()
    if (address === null) return modeFor(this.#ownsHttp ? this.#options.host : '', nodeEnv())
    // A path of a local socket cannot be reached from elsewhere.
    this.#mode = modeFor(typeof address === 'string' ? 'localhost' : address.address, nodeEnv())
    return this.#mode
  }

  /** Connections that are open now. */
  get connectionCount(): number {
    return this.#node.connectionCount
  }

  /**
   * Begins to listen and resolves with the address. Rejects with `insecure_configuration` where anybody could connect
   * as anybody in production, with `listen_failed` where the port cannot be had, with `already_listening` for a
   * server that is attached to one of your own or listens already.
   */
  async listen(): Promise<AddressInfo> {
    const { host, port, authenticate, allowAnonymous, logger } = this.#options
    if (this.#phase === 'closed')
      throw new ServerError('closed', 'This server is closed. Create another one.')
    if (this.#phase === 'open') throw new ServerError('already_listening', 'This server is already open.')
    if (this.mode === 'production' && !authenticate && !allowAnonymous) {
      throw new ServerError(
        'insecure_configuration',
        `Refusing to listen on ${host} in production without authenticate: anyone could connect as a guest. Set authenticate, or allowAnonymous to accept guests.`,
      )
    }
    if (this.mode === 'development')
      logger.warn({ host }, 'development mode: clients choose their own user ids')
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error) => {
        reject(
          new ServerError('listen_failed', `Cannot listen on ${host}:${port}: ${error.message}.`, {
            cause: error,
          }),
        )
      }
      this.#http.once('error', failed)
      this.#http.listen(port, host, () => {
        this.#http.off('error', failed)
        resolve()
      })
    })
    this.#open()
    return this.address()
  }

  /** Where the server listens. Throws `closed` where it does not. */
  address(): AddressInfo {
    const address = this.#http.address()
    if (address === null || typeof address === 'string') {
      throw new ServerError('closed', 'The server is not listening on a port.')
    }
    return address
  }

  /**
   * Takes a request of Phoenix's long poll, and answers it sooner or later; false for any other request. A server that
   * listens by itself does this by itself. For one that is attached to your HTTP server, give it each request before
   * anything reads the body.
   *
   * @example
   * import { createServer as createHttpServer } from 'node:http'
   * import { createServer } from '@rollcall/server'
   *
   * const http = createHttpServer((request, response) => {
   *   if (!rollcall.handleRequest(request, response)) response.end('My own page\n')
   * })
   * const rollcall = createServer({ server: http })
   */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    return this.#longPoll.handle(request, response)
  }

  /** An event to everybody in a topic, on all nodes. */
  broadcast(topic: Topic, event: string, payload: Payload): void {
    this.#node.registry.broadcast(topic, event, payload)
  }

  /**
   * Puts somebody out, on all servers that share the store: their connections are closed with 4002 and `reason`, their
   * presences leave with `kicked`, and nobody comes back to their sessions, those that wait for a client included. Resolves
   * with how many sessions ended on this server, once the others have been told.
   *
   * It ends what there is, and keeps nobody from connecting anew: let `authenticate` refuse them first.
   *
   * Rejects with `store_unavailable` where the other servers cannot be told; here it is done then. Throws
   * `invalid_argument` for a target that is none, and for a reason of more than 123 bytes, which no close can carry.
   *
   * @example
   * await server.kick({ identity: 'mallory' }, 'banned')
   */
  async kick(target: KickTarget, reason = 'kicked'): Promise<number> {
    const checked = checkKick(target, reason)
    try {
      return await this.#node.kick(checked, reason)
    } catch (error) {
      const text = 'Kicked on this server, but the other servers could not be notified. Try again.'
      throw new ServerError('store_unavailable', text, { cause: error })
    }
  }

  /**
   * Why no new clients should be sent here: it drains or closes, or cannot reach its store. Nothing where all is well.
   * What `GET /readyz` answers; for a server that is attached to your own, which answers that itself.
   */
  get readiness(): readonly NotReadyReason[] {
    return this.#node.readiness
  }

  /**
   * While `problems` holds `store_unreachable`: the code of the error that the store answers with, such as `OOM` or
   * `NOAUTH` of Redis. Null where it does not answer at all.
   */
  get storeErrorCode(): string | null {
    return this.#node.storeErrorCode
  }

  /**
   * Prepares to {@link close}: handshakes are refused with 503 from now on, and connections are ended with 1012 one by
   * one, spread over `overMs`, so that their clients do not all come to the other servers at once. Resolves once all are
   * gone. Throws `invalid_option` for an `overMs` that no timer can wait.
   *
   * @example
   * process.once('SIGTERM', async () => {
   *   await server.drain({ overMs: 10_000 })
   *   await server.close()
   * })
   */
  async drain(options: DrainOptions = {}): Promise<void> {
    checkOptions('drain: ', options, DRAIN_OPTION_TYPES)
    const { overMs = 5000 } = options
    if (!(overMs >= 0 && overMs <= LONGEST_DELAY_MS)) {
      throw new ServerError(
        'invalid_option',
        `drain: overMs must be a number from 0 to ${LONGEST_DELAY_MS}, not ${overMs}.`,
      )
    }
    await this.#node.drain(overMs)
  }

  /**
   * Takes no new connections, ends those that are open with 1012 (their clients come back elsewhere), and resolves
   * once all are gone, at the latest after `closeTimeoutMs`. Over a store that it shares, it leaves sessions and presences
   * to the other servers: whoever does not come back to one of them within `grace.graceMs` has left, with the reason
   * `drained`. An HTTP server that it was attached to stays open.
   */
  async close(): Promise<void> {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#listener.detach()
    this.#longPoll.close()
    await Promise.all([this.#node.close(), this.#ownsHttp ? this.#closeHttp() : null])
  }

  /**
   * Decides over a handshake that a listener of your own has read, as over one of the server's own. Never rejects. What to
   * do with the answer is in docs/guides/listener.md.
   */
  async admit(request: HandshakeRequest): Promise<Acceptance | HandshakeRefusal> {
    return this.#phase === 'new' ? NOT_OPEN : this.#node.admit(request)
  }

  #createHttp(): HttpServer {
    const {
      http,
      longPoll,
      admission,
      logger: log,
      page,
      maxPageBytes,
      contentSecurityPolicy,
    } = this.#options
    const files = page === null ? null : readPage(page, maxPageBytes)
    const handle = createRequestHandler(files, this, contentSecurityPolicy)
    const bounds = {
      ...admission,
      http,
      log,
      windowMs: longPoll.windowMs,
      // Load is tried from one machine, by one process that takes its time.
      areSocketsBounded: () => this.mode === 'production',
      peerOf: (address: string) => (this.#clientAddress.isProxy(address) ? null : addressGroup(address)),
    }
    return createHttpServer(bounds, (request, response) => {
      if (this.handleRequest(request, response)) return
      const tooFast = this.#node.admissionControl.requestRefusal(this.#clientAddress(request))
      if (tooFast) refuseRequest(request, response, tooFast)
      else handle(request, response)
    })
  }

  async #closeHttp(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()))
    this.#http.closeIdleConnections()
    // Requests under way have a bounded time. So have connections that a browser opened ahead and never used: to Node
    // they are not idle, and would keep the server for a minute.
    const { clock, closeTimeoutMs } = this.#options
    const timer = clock.after(closeTimeoutMs, () => this.#http.closeAllConnections())
    await closed
    timer.cancel()
  }

  #open(): void {
    this.#phase = 'open'
    this.#listener.attach(this.#http)
    this.#node.start()
  }
}

const NOT_OPEN: HandshakeRefusal = {
  status: 503,
  reason: 'not_open',
  message: 'The server is not open yet. Await listen() first.',
}

/** Bytes of a reason that fit into a close frame (RFC 6455, 5.5). */
const MAX_REASON_BYTES = 123

/** One target: what says nobody must not be taken for everybody. */
function checkKick(target: KickTarget, reason: string): KickTarget {
  checkOptions('kick: ', target, { identity: 'string', session: 'string' }, 'invalid_argument')
  const { identity, session }: { identity?: unknown; session?: unknown } = target
  const bytes = utf8Bytes(String(reason))
  if (bytes > MAX_REASON_BYTES) {
    throw new ServerError(
      'invalid_argument',
      `The reason has ${bytes} bytes; a close frame carries at most ${MAX_REASON_BYTES}.`,
    )
  }
  if (typeof identity === 'string' && session === undefined) return { identity }
  if (typeof session === 'string' && identity === undefined) return { session }
  throw new ServerError('invalid_argument', 'kick takes either {identity} or {session}, with a string value.')
}

/**
 * A presence server, not yet listening (or attached to `options.server`, and open at once).
 *
 * @example
 * const server = createServer({ port: 9090 })
 * await server.listen()
 */
export function createServer(options: ServerOptions = {}): RollcallServer {
  return new RollcallServer(options)
}
