import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type JsonObject, type JsonValue, type Topic, WIRE_REVISION } from '@rollcall/shared-protocol'
import { Router } from './channel/route'
import { Connection } from './connection/connection'
import type { DispatchContext } from './connection/dispatch'
import { sweepIntervalMs } from './connection/heartbeat'
import { ServerError } from './errors'
import { createRequestHandler } from './http/request-handler'
import type { Timer } from './io/clock'
import { nodeEnv } from './io/environment'
import { Tick } from './io/tick'
import type { HandshakeRefusal, HandshakeRequest } from './io/wire'
import { type Acceptance, WsListener } from './io/ws-listener'
import { type Mode, modeFor } from './mode'
import { type ResolvedServerOptions, resolveServerOptions, type ServerOptions } from './options'
import { Registry } from './presence/registry'
import { admit } from './session/admission'
import { ImplicitNames } from './session/implicit-names'
import type { Session } from './session/session'
import { MemoryStore, MemoryStoreState } from './store/memory-store'
import type { Store } from './store/store'

/*
 *  http.Server -> WsListener -> admit -> Connection -> dispatch -> Channel -> Registry -> Store
 *
 * Assembly only: everything that decides something is in the rooms beside this file.
 */

/** Frames up to this many times `limits.frameBytes` are read, to be answered with a fault; larger ones cut off. */
const HARD_FRAME_FACTOR = 4

/** A presence server. Made by {@link createServer}. */
export class RollcallServer {
  /** Who is present where; `track`, `untrack`, `untrackAll`, `list` and `diff` for the server's own program. */
  readonly registry: Registry
  readonly #options: ResolvedServerOptions
  readonly #store: Store
  readonly #http: HttpServer
  readonly #ownsHttp: boolean
  readonly #listener: WsListener
  readonly #dispatch: DispatchContext
  readonly #tick: Tick
  readonly #connections = new Set<Connection>()
  readonly #nodeId: string
  #refs = 0
  #sweep: Timer | null = null
  #mode: Mode | null
  #phase: 'new' | 'open' | 'closed' = 'new'

  constructor(given: ServerOptions) {
    const options = resolveServerOptions(given)
    const { limits, clock, random, logger: log } = options
    this.#options = options
    this.#mode = options.mode
    this.#nodeId = random.id(4)
    this.#store = options.store ?? new MemoryStore(new MemoryStoreState(`${this.#nodeId}-`))
    this.#tick = new Tick(clock)
    this.registry = new Registry({
      store: this.#store,
      clock,
      log,
      limits,
      flush: options.flush,
      history: options.history,
      mintRef: () => `${this.#nodeId}-${(this.#refs++).toString(36)}`,
    })
    const router = new Router(options.channels)
    const { handlerTimeoutMs, maxWaitingMessages } = options
    const services = { registry: this.registry, clock, log, handlerTimeoutMs, maxWaitingMessages }
    const names = new ImplicitNames({
      router,
      services,
      trustNames: () => this.mode === 'development',
      maxNamesPerSession: limits.channelsPerSession,
    })
    this.#dispatch = {
      router,
      services,
      names,
      limits,
      describeSession: (session) => this.#describe(session),
    }
    this.#ownsHttp = options.server === null
    this.#http = options.server ?? createHttpServer(createRequestHandler(options.page))
    const maxPayloadBytes = limits.frameBytes * HARD_FRAME_FACTOR
    const { closeTimeoutMs } = options
    const listenerOptions = { maxPayloadBytes, closeTimeoutMs, isShared: !this.#ownsHttp }
    this.#listener = new WsListener(listenerOptions, (request) => this.#admit(request))
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
    return this.#connections.size
  }

  /**
   * Begins to listen and resolves with the address. Rejects with `insecure_configuration` where anybody could connect
   * as anybody in production, with `listen_failed` where the port cannot be had, with `already_listening` for a
   * server that is attached to one of your own or listens already.
   */
  async listen(): Promise<AddressInfo> {
    const { host, port, authenticate, allowAnonymous, logger } = this.#options
    if (this.#phase === 'closed')
      throw new ServerError('closed', 'This server was closed; create another one.')
    if (this.#phase === 'open') throw new ServerError('already_listening', 'This server is open already.')
    if (this.mode === 'production' && !authenticate && !allowAnonymous) {
      throw new ServerError(
        'insecure_configuration',
        `Refusing to serve ${host} in production without authenticate: anybody could be there as a guest. Set authenticate, or allowAnonymous if that is what you want.`,
      )
    }
    if (this.mode === 'development') logger.warn({ host }, 'development mode: names are taken on trust')
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
      throw new ServerError('closed', 'The server does not listen on a port.')
    }
    return address
  }

  /** An event to everybody in a topic, on all nodes. */
  broadcast(topic: Topic, event: string, payload: JsonValue): void {
    this.registry.broadcast(topic, event, payload)
  }

  /**
   * Takes no new connections, ends those that are open with 1012 (their clients come back elsewhere), and resolves
   * once all are gone, at the latest after `closeTimeoutMs`. An HTTP server that it was attached to stays open.
   */
  async close(): Promise<void> {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#sweep?.cancel()
    this.#listener.detach()
    const httpClosed = this.#ownsHttp ? closeHttp(this.#http) : Promise.resolve()
    for (const connection of this.#connections) connection.close(1012, 'server closes')
    await this.#allGone()
    await httpClosed
    this.registry.close()
    if (!this.#options.store) await this.#store.close()
  }

  #open(): void {
    this.#phase = 'open'
    this.#listener.attach(this.#http)
    this.#scheduleSweep()
  }

  async #admit(request: HandshakeRequest): Promise<Acceptance | HandshakeRefusal> {
    const { limits, clock, random, logger: log } = this.#options
    const { authenticate, authenticateTimeoutMs, allowAnonymous, implicitTopic } = this.#options
    const admitted = await admit(request, {
      limits,
      clock,
      random,
      log,
      authenticate,
      authenticateTimeoutMs,
      allowAnonymous,
      implicitTopic,
      mode: () => this.mode,
    })
    if ('status' in admitted) return admitted
    return {
      subprotocol: admitted.subprotocol,
      open: (wire) => {
        const sessionId = random.id(8)
        const { maxBufferedBytes, heartbeat } = this.#options
        const connection = new Connection(
          wire,
          { ...admitted, sessionId, params: request.params },
          {
            clock,
            tick: this.#tick,
            log,
            limits,
            heartbeat,
            dispatch: this.#dispatch,
            maxBufferedBytes,
            onClosed: (closed) => this.#connections.delete(closed),
          },
        )
        this.#connections.add(connection)
        return connection
      },
    }
  }

  #describe(session: Session): JsonObject {
    const { heartbeat, limits } = this.#options
    return {
      session: session.id,
      identity: { id: session.identity.id },
      wire: WIRE_REVISION,
      ping_interval_ms: heartbeat.pingIntervalMs,
      pong_timeout_ms: heartbeat.pongTimeoutMs,
      limits: {
        topic_bytes: limits.topicBytes,
        key_bytes: limits.keyBytes,
        meta_bytes: limits.metaBytes,
        frame_bytes: limits.frameBytes,
      },
    }
  }

  #scheduleSweep(): void {
    const { clock, heartbeat } = this.#options
    this.#sweep = clock.after(sweepIntervalMs(heartbeat), () => {
      const nowMs = clock.now()
      for (const connection of this.#connections) connection.sweep(nowMs)
      if (this.#phase === 'open') this.#scheduleSweep()
    })
  }

  async #allGone(): Promise<void> {
    const { clock } = this.#options
    while (this.#connections.size > 0) await new Promise<void>((resolve) => void clock.after(5, resolve))
  }
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

function closeHttp(server: HttpServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}
