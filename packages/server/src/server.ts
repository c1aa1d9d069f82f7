import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Payload, Topic } from '@rollcall/shared-protocol'
import { addressGroup } from './admission/address'
import { type ClientAddress, clientAddress } from './admission/client-address'
import { checkOptions, type OptionsOf } from './check-options'
import { ServerError } from './errors'
import { closeHttpServer, createHttpServer, listenHttp } from './http/http-server'
import { LongPoll } from './http/longpoll'
import { requestFault } from './http/request-fault'
import { createRequestHandler } from './http/request-handler'
import { refuseRequest } from './http/respond'
import { readPage } from './http/static-page'
import { LONGEST_DELAY_MS } from './io/clock'
import { type Mode, modeFor, nodeEnv } from './io/mode'
import { HandshakeReader } from './io/read-handshake'
import { requestCost } from './io/request-size'
import { UnansweredUpgrades } from './io/unanswered-upgrades'
import type { Acceptance, HandshakeRefusal, HandshakeRequest } from './io/wire'
import { checkUnattached, WsListener } from './io/ws-listener'
import { checkKick, type NotReadyReason, PresenceNode } from './node'
import type { ResolvedServerOptions, ServerOptions } from './options'
import { Registry } from './presence/registry'
import { resolveServerOptions } from './resolve-options'
import type { KickTarget } from './store/node-messages'

/*
 *  http.Server -upgrade-> WsListener -+-> PresenceNode
 *       |-------request-> LongPoll ---+
 *       +---------------> request handler (the page, the welcome)
 *
 * Connects a node to its sockets.
 */

/** Frames up to this many times `limits.frameBytes` get a fault as reply; a larger one closes the connection. */
const HARD_FRAME_FACTOR = 4

export interface DrainOptions {
  /** Milliseconds over which to close the connections. @default 5000 */
  readonly overMs?: number
}

const DRAIN_OPTION_TYPES: OptionsOf<DrainOptions> = { overMs: 'number' }

/** A presence server, created by {@link createServer}. */
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

  constructor(serverOptions: ServerOptions) {
    const options = resolveServerOptions(serverOptions)
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
    const handshakes = new HandshakeReader(this.#clientAddress, http.maxHeaders, this.#http)
    const peerOf = (request: IncomingMessage) =>
      this.mode === 'development' ? null : addressGroup(this.#clientAddress(request))
    const unanswered = this.#ownsHttp
      ? null
      : new UnansweredUpgrades({
          clock,
          timeoutMs: http.upgradeTimeoutMs,
          max: admission.maxPending,
          maxPerAddress: admission.maxPendingPerAddress,
        })
    this.#listener = new WsListener(
      { clock, maxPayloadBytes, closeTimeoutMs, compression, peerOf, handshakes, unanswered, log },
      (request) => this.#node.admit(request),
    )
    this.#longPoll = new LongPoll({
      admit: (request) => this.#node.admit(request, 'longpoll'),
      admissionControl: this.#node.admissionControl,
      handshakes,
      clock,
      random,
      log,
      options: options.longPoll,
      closeTimeoutMs,
      silenceMs: options.http.silenceTimeoutMs,
    })
    if (!this.#ownsHttp) this.#open()
  }

  /** The option `mode`. Without the option, the server's address decides. */
  get mode(): Mode {
    if (this.#mode) return this.#mode
    const address = this.#http.address()
    if (address === null) return modeFor(this.#ownsHttp ? this.#options.host : '', nodeEnv())
    // Other machines cannot reach a local socket's path.
    this.#mode = modeFor(typeof address === 'string' ? 'localhost' : address.address, nodeEnv())
    return this.#mode
  }

  /** Number of open connections. */
  get connectionCount(): number {
    return this.#node.connectionCount
  }

  /**
   * Starts to listen and resolves with the address. Rejects with `insecure_configuration` in production mode without
   * `authenticate` or `allowAnonymous`, with `listen_failed` if the port is not available, and with `already_listening` for
   * a server that already listens or is attached to your own HTTP server.
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
    await listenHttp(this.#http, port, host)
    this.#open()
    return this.address()
  }

  /** Returns the address that the server listens on. Throws `closed` if it does not listen. */
  address(): AddressInfo {
    const address = this.#http.address()
    if (address === null || typeof address === 'string') {
      throw new ServerError('closed', 'The server is not listening on a port.')
    }
    return address
  }

  /**
   * Handles a request of Phoenix's long poll. Returns false for any other request, which you must answer. Call it only if
   * you attach to your own HTTP server, with each request, before anything reads the body.
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

  /** Sends an event to all members of a topic, on all nodes. */
  broadcast(topic: Topic, event: string, payload: Payload): void {
    this.#node.registry.broadcast(topic, event, payload)
  }

  /**
   * Ends the sessions of an identity, or one session, on all servers that share the store. Their connections close with
   * 4002 and `reason`, their presences leave with `kicked`, and their clients cannot resume. Resolves with the number of
   * sessions that ended on this server, after the other servers were notified.
   *
   * A kick does not stop clients from connecting again: make `authenticate` refuse them first.
   *
   * Rejects with `store_unavailable` if the other servers could not be notified; the sessions here have ended then. Throws
   * `invalid_argument` for an invalid target, and for a reason of more than 123 bytes.
   *
   * @example
   * await server.kick({ identity: 'mallory' }, 'banned')
   */
  async kick(target: KickTarget, reason = 'kicked'): Promise<number> {
    const checked = checkKick(target, reason)
    try {
      return await this.#node.kick(checked, reason)
    } catch (error) {
      const message = 'Kicked on this server, but the other servers could not be notified. Try again.'
      throw new ServerError('store_unavailable', message, { cause: error })
    }
  }

  /**
   * Reasons why this server should get no new clients: it drains, closes, or cannot reach its store. Empty if it is ready.
   * `GET /readyz` returns them; use this if you attach to your own HTTP server.
   */
  get readiness(): readonly NotReadyReason[] {
    return this.#node.readiness
  }

  /**
   * While `readiness` contains `store_unreachable`, the error code of the store, such as `OOM` or `NOAUTH` of Redis. Null if
   * the store does not respond at all.
   */
  get storeErrorCode(): string | null {
    return this.#node.storeErrorCode
  }

  /**
   * Prepares to {@link close}: refuses handshakes with 503 from now on, and closes the connections with 1012, spread over
   * `overMs`, so that their clients do not reconnect to the other servers at the same moment. Resolves when all have closed.
   * Throws `invalid_option` for an `overMs` that is too long for a timer.
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
   * Refuses new connections, closes the open ones with 1012, so that their clients reconnect elsewhere, and resolves when
   * all have closed, after `closeTimeoutMs` at the latest. With a shared store it hands sessions and presences off to the
   * other servers; a client that does not reconnect within `grace.graceMs` leaves with the reason `drained`. Your own HTTP
   * server stays open.
   */
  async close(): Promise<void> {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#listener.detach()
    this.#longPoll.close()
    const { clock, closeTimeoutMs } = this.#options
    await Promise.all([
      this.#node.close(),
      this.#ownsHttp ? closeHttpServer(this.#http, clock, closeTimeoutMs) : null,
    ])
  }

  /**
   * Accepts or refuses a handshake that your own listener has read. Never rejects. docs/guides/listener.md explains what to
   * do with the result.
   */
  async admit(request: HandshakeRequest): Promise<Acceptance | HandshakeRefusal> {
    return this.#phase === 'new' ? NOT_OPEN : this.#node.admit(request)
  }

  #createHttp(): HttpServer {
    const { page, maxPageBytes, contentSecurityPolicy } = this.#options
    const files = page === null ? null : readPage(page, maxPageBytes)
    const handle = createRequestHandler(files, this, contentSecurityPolicy)
    const bounds = {
      ...this.#options,
      // In development mode a load test may open many connections from one address.
      areSocketsBounded: () => this.mode === 'production',
      peerOf: (address: string) => (this.#clientAddress.isProxy(address) ? null : addressGroup(address)),
    }
    return createHttpServer(bounds, (request, response) => {
      const fault = requestFault(request)
      if (!fault && this.handleRequest(request, response)) return
      const { admissionControl } = this.#node
      const tooFast = admissionControl.requestRefusal(this.#clientAddress(request), requestCost(request))
      const refusal = tooFast ?? fault
      if (refusal) refuseRequest(request, response, refusal)
      else handle(request, response)
    })
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

/**
 * Creates a presence server. Call `listen()` to start it; with `options.server` it is attached and open at once.
 *
 * @example
 * const server = createServer({ port: 9090 })
 * await server.listen()
 */
export function createServer(options: ServerOptions = {}): RollcallServer {
  return new RollcallServer(options)
}
