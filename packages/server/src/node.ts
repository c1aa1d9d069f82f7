import { type JsonObject, type TransportName, WIRE_REVISION } from '@rollcall/shared-protocol'
import { Router } from './channel/route'
import { withTimeout } from './channel/with-timeout'
import { Connection, type ConnectionContext } from './connection/connection'
import { sweepIntervalMs } from './connection/heartbeat'
import type { Timer } from './io/clock'
import { Tick } from './io/tick'
import type { Acceptance, HandshakeRefusal, HandshakeRequest } from './io/wire'
import type { Mode } from './mode'
import type { ResolvedServerOptions } from './options'
import { Registry } from './presence/registry'
import { admit } from './session/admission'
import { ImplicitNames } from './session/implicit-names'
import { packParams } from './session/params'
import { Sessions } from './session/sessions'
import { MemoryStore, MemoryStoreState } from './store/memory-store'
import type { Store } from './store/store'

/*
 *  HandshakeRequest -> admit -> Acceptance.open(wire) -> Connection -> Session -> Channel -> Registry -> Store
 *
 * Everything of a server but its sockets: who has wires of another kind (a simulation, a test) gives it those.
 */

/** One server process incarnation: its connections, sessions, channels and registry. */
export class PresenceNode {
  readonly registry: Registry
  readonly #options: ResolvedServerOptions
  readonly #mode: () => Mode
  readonly #store: Store
  readonly #sessions: Sessions
  readonly #connections = new Set<Connection>()
  readonly #connectionContext: ConnectionContext
  readonly #startedMs: number
  #refs = 0
  #sweep: Timer | null = null
  #closed: (() => void) | null = null

  constructor(options: ResolvedServerOptions, mode: () => Mode) {
    const { limits, clock, random, logger: log, heartbeat, grace } = options
    const { handlerTimeoutMs, maxWaitingMessages, outbox } = options
    const tick = new Tick(clock)
    const id = random.id(4)
    this.#options = options
    this.#mode = mode
    this.#startedMs = clock.now()
    this.#store = options.store ?? new MemoryStore(new MemoryStoreState(`${id}-`))
    this.#sessions = new Sessions({ clock, random, grace })
    this.registry = new Registry({
      store: this.#store,
      clock,
      log,
      limits,
      flush: options.flush,
      history: options.history,
      writeCostMs: () => tick.costMs,
      mintRef: () => `${id}-${(this.#refs++).toString(36)}`,
    })
    const router = new Router(options.channels)
    const services = { registry: this.registry, clock, log, handlerTimeoutMs, maxWaitingMessages }
    const names = new ImplicitNames({
      router,
      services,
      trustNames: () => mode() === 'development',
      maxNamesPerSession: limits.channelsPerSession,
    })
    this.#connectionContext = {
      clock,
      tick,
      log,
      limits,
      heartbeat,
      sessions: this.#sessions,
      dispatch: { router, services, names, limits },
      outbox,
      describeServer: () => this.#describe(),
      onClosed: (connection) => {
        this.#connections.delete(connection)
        if (this.#connections.size === 0) this.#closed?.()
      },
    }
  }

  /** Begins to look after its connections. */
  start(): void {
    this.#scheduleSweep()
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Sessions with a connection, and those that wait for one to come back. */
  get sessionCount(): number {
    return this.#sessions.size
  }

  /** Decides over a handshake. Never rejects. */
  async admit(
    request: HandshakeRequest,
    transport: TransportName = 'websocket',
  ): Promise<Acceptance | HandshakeRefusal> {
    const { limits, clock, random, logger: log } = this.#options
    const { authenticate, authenticateTimeoutMs, allowAnonymous, implicitTopic } = this.#options
    const identify = { authenticate, authenticateTimeoutMs, allowAnonymous, mode: this.#mode }
    const context = { limits, clock, random, log, implicitTopic, ...identify }
    const admitted = await admit(request, context, transport)
    if ('status' in admitted) return admitted
    return {
      subprotocol: admitted.subprotocol,
      open: (wire) => {
        const { dialect, identity, implicitTopic } = admitted
        // Spelled out, not spread: of each object that a spread makes V8 keeps a shape of its own.
        const asked = { dialect, identity, params: packParams(request.params), implicitTopic }
        const connection = new Connection(wire, asked, this.#connectionContext)
        this.#connections.add(connection)
        return connection
      },
    }
  }

  /**
   * Ends every connection with 1012, so that its client comes back, and every session; resolves when all are gone and
   * the nodes that share its store know.
   */
  async close(): Promise<void> {
    this.#sweep?.cancel()
    for (const connection of this.#connections) connection.close(1012, 'server closes')
    if (this.#connections.size > 0) {
      await new Promise<void>((resolve) => {
        this.#closed = resolve
      })
    }
    this.#sessions.endAll('closed')
    const { store, closeTimeoutMs, clock } = this.#options
    // Nodes that share the store would keep showing whoever was here.
    if (store) await withTimeout(this.registry.drain(), closeTimeoutMs, clock, () => undefined)
    this.registry.close()
    if (!store) await this.#store.close()
  }

  #describe(): JsonObject {
    const { heartbeat, grace, limits, clock, store } = this.#options
    // A server that has just started with an empty store does not know yet who is about to come back.
    const settlingMs = store ? 0 : Math.max(0, grace.graceMs - (clock.now() - this.#startedMs))
    return {
      wire: WIRE_REVISION,
      ping_interval_ms: heartbeat.pingIntervalMs,
      pong_timeout_ms: heartbeat.pongTimeoutMs,
      grace_ms: grace.graceMs,
      settling_ms: Math.ceil(settlingMs),
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
    const intervalMs = sweepIntervalMs(heartbeat)
    const dueMs = clock.now() + intervalMs
    this.#sweep = clock.after(intervalMs, () => {
      const nowMs = clock.now()
      // After a stall of this process the peers' answers may wait to be read: who is dead is told by the next sweep.
      const isLate = nowMs - dueMs > intervalMs
      if (!isLate) for (const connection of this.#connections) connection.sweep(nowMs)
      this.#scheduleSweep()
    })
  }
}
