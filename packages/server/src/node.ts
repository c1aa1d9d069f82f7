import { type JsonObject, type TransportName, WIRE_REVISION } from '@rollcall/shared-protocol'
import { AdmissionControl } from './admission/admission-control'
import { type AdmissionContext, admit } from './admission/admit'
import { withTimeout } from './async/with-timeout'
import { Router } from './channel/channel-definition'
import { Connection, type ConnectionContext } from './connection/connection'
import { sweepIntervalMs } from './connection/heartbeat'
import { PendingStateBudget } from './connection/pending-state-budget'
import { AccountRateMeters } from './connection/rate-meters'
import { copyHandshake, NO_COPY, packParams } from './identity/handshake-copy'
import { identify } from './identity/identify'
import type { Timer } from './io/clock'
import type { Mode } from './io/mode'
import { fractionOf, spread } from './io/random'
import type { Acceptance, HandshakeRefusal, HandshakeRequest } from './io/wire'
import { WriteScheduler } from './io/write-scheduler'
import { SampledLog } from './log'
import type { ResolvedServerOptions } from './options'
import { PresenceRegistry } from './presence/presence-registry'
import { accountIntervalsOf, rateIntervalsOf } from './rate-limit/rates'
import { Sessions } from './session/sessions'
import { VixNames } from './session/vix-names'
import { MemoryStore, MemoryStoreState } from './store/memory/memory-store'
import { type Kick, type KickTarget, NodeMessages } from './store/node-messages'
import type { Store } from './store/store'

/*
 *  HandshakeRequest -> admit -> Acceptance.open(wire) -> Connection -> Session -> Channel -> Registry -> Store
 *
 * Everything of a server but its sockets: who has wires of another kind (a simulation, a test) gives it those.
 */

/** Why a node is not ready for new clients. */
export type NotReadyReason = 'draining' | 'closing' | 'store_unreachable'

/** One server process incarnation: its connections, sessions, channels and registry. */
export class PresenceNode {
  readonly registry: PresenceRegistry
  readonly #options: ResolvedServerOptions
  readonly #store: Store
  readonly #sessions: Sessions
  readonly #connections = new Set<Connection>()
  readonly #connectionContext: ConnectionContext
  /** Who may come in. */
  readonly admissionControl: AdmissionControl
  readonly #admission: AdmissionContext
  readonly #startedMs: number
  #refs = 0
  #sweep: Timer | null = null
  /** Wait for the last connection to be gone. */
  readonly #emptied: (() => void)[] = []
  /** Null where no other node shares the store. */
  readonly #control: NodeMessages | null
  #phase: 'open' | 'draining' | 'closing' = 'open'
  #drainTimers: Timer[] = []

  constructor(options: ResolvedServerOptions, mode: () => Mode) {
    const { limits, clock, random, logger: log, heartbeat, grace } = options
    const { handlerTimeoutMs, maxWaitingMessages, storeTimeoutMs, outbox, rates } = options
    const tick = new WriteScheduler(clock, log)
    const id = random.id(4)
    this.#options = options
    this.#startedMs = clock.now()
    const { admission, allowedOrigins } = options
    this.admissionControl = new AdmissionControl({ admission, allowedOrigins, clock, random, log, mode })
    this.#store = options.store ?? new MemoryStore(new MemoryStoreState(`${id}-`, { clock }))
    this.registry = new PresenceRegistry({
      store: this.#store,
      clock,
      log,
      limits,
      flush: options.flush,
      history: options.history,
      writeCost: tick,
      maxQueuedChanges: options.maxQueuedChanges,
      mintRef: () => `${id}-${(this.#refs++).toString(36)}`,
    })
    const { resumeTimeoutMs } = options
    const shared = options.store && {
      store: options.store.sessions,
      presences: this.registry,
      resumeTimeoutMs,
    }
    this.#sessions = new Sessions({ clock, random, log, grace, shared })
    this.#store.connect({
      onSessionClaimed: (session) => this.#sessions.handOff(session),
      onReachable: (isReachable) => this.#noteReachable(isReachable),
    })
    const onKick = ({ target, reason }: Kick) => void this.#kickHere(target, reason)
    this.#control = options.store && new NodeMessages(options.store, clock, log, onKick)
    const router = new Router(options.channels)
    const timeouts = { handlerTimeoutMs, storeTimeoutMs }
    const { guestsPerAddress } = rates
    const services = {
      ...{ registry: this.registry, clock, log, maxWaitingMessages, guestsPerAddress },
      ...timeouts,
    }
    const trustNames = () => mode() === 'development'
    const names = new VixNames(router, services, trustNames, limits.channelsPerSession)
    const { authenticate, authenticateTimeoutMs, allowAnonymous, implicitTopic } = options
    const refusedIdentities = new SampledLog(log, 'authenticate returned identities that are refused')
    const identifyContext = {
      ...{ limits, clock, random, log, refusedIdentities, mode },
      ...{ authenticate, authenticateTimeoutMs, allowAnonymous },
    }
    this.#admission = {
      limits,
      implicitTopic,
      identify: (request) => identify(request, identifyContext),
      admissionControl: this.admissionControl,
      isDraining: () => this.#phase !== 'open',
    }
    this.#connectionContext = {
      clock,
      writeScheduler: tick,
      log,
      limits,
      heartbeat,
      sessions: this.#sessions,
      dispatch: { router, services, names, limits },
      outbox,
      states: new PendingStateBudget(outbox.accountStateBytes, rates.guestsPerAddress),
      limiter: {
        clock,
        rates,
        intervals: rateIntervalsOf(rates),
        accounts: new AccountRateMeters(accountIntervalsOf(rates)),
        coalescer: { maxBytes: limits.frameBytes, metaBytes: limits.metaBytes },
      },
      identify: this.#admission.identify,
      describeServer: () => this.#describe(),
      onClosed: (connection) => {
        this.#connections.delete(connection)
        if (this.#connections.size > 0) return
        for (const resolve of this.#emptied.splice(0)) resolve()
      },
    }
  }

  /** Begins to look after its connections. */
  start(): void {
    this.#scheduleSweep()
    this.#control?.open()
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
    const { clock, authenticate } = this.#options
    const admitted = await admit(request, this.#admission, transport)
    if ('status' in admitted) return admitted
    return {
      subprotocol: admitted.subprotocol,
      abandon: () => admitted.slot.release(),
      open: (wire) => {
        const { dialect, identity, implicitTopic, slot } = admitted
        const params = packParams(request.params)
        const copy = authenticate ? copyHandshake(request) : NO_COPY
        // Spelled out, not spread: of each object that a spread makes V8 keeps a shape of its own.
        const accepted = { dialect, identity, params, handshake: copy, implicitTopic, slot }
        const connection = new Connection(wire, accepted, this.#connectionContext)
        this.#connections.add(connection)
        // It was admitted before; now it has to go with the others.
        if (this.#phase !== 'open') clock.soon(() => connection.close(1012, 'server drains'))
        return connection
      },
    }
  }

  /** Why no new clients should be sent here; nothing where all is well. */
  get readiness(): readonly NotReadyReason[] {
    const problems: NotReadyReason[] = []
    if (this.#phase !== 'open') problems.push(this.#phase)
    if (!this.registry.isReachable) problems.push('store_unreachable')
    return problems
  }

  /** The code with which the store refuses, such as `OOM`; null where it is reachable, or says none. */
  get storeErrorCode(): string | null {
    return this.registry.isReachable ? null : (this.#store.errorCode ?? null)
  }

  /**
   * Takes no new connections and ends those that are open with 1012, spread over `overMs`, so that their clients do not
   * all come to the other nodes at once. Resolves when all are gone.
   */
  async drain(overMs: number): Promise<void> {
    if (this.#phase === 'open') {
      this.#phase = 'draining'
      const { clock, random } = this.#options
      const connections = [...this.#connections]
      const delays = spread(connections.length, overMs, () => fractionOf(random.id(4)))
      this.#drainTimers = connections.map((connection, i) =>
        clock.after(delays[i] ?? 0, () => connection.close(1012, 'server drains')),
      )
    }
    await this.#whenEmpty()
  }

  /**
   * Ends every connection with 1012, so that its client comes back; resolves when all are gone. Sessions end, or are left
   * to the nodes that share the store.
   */
  async close(): Promise<void> {
    this.#phase = 'closing'
    for (const timer of this.#drainTimers) timer.cancel()
    for (const connection of this.#connections) connection.close(1012, 'server closes')
    await this.#whenEmpty()
    this.#sweep?.cancel()
    this.#control?.close()
    const { store } = this.#options
    if (store) await this.#handOff(store)
    else this.#sessions.endAll('drained')
    this.registry.close()
    if (!store) await this.#store.close()
  }

  /**
   * Ends sessions, those that wait for their clients too, on all nodes. Resolves with how many ended on this one, once
   * the others have been told; rejects where the store cannot tell them, when those here have ended.
   */
  async kick(target: KickTarget, reason: string): Promise<number> {
    const ended = this.#kickHere(target, reason)
    await this.#control?.publish({ target, reason })
    return ended
  }

  #kickHere(target: KickTarget, reason: string): number {
    const isMeant = (identityId: string, sessionId: string | null) =>
      'session' in target ? sessionId === target.session : identityId === target.identity
    const before = this.#sessions.size
    for (const connection of [...this.#connections]) {
      if (isMeant(connection.identity.id, connection.sessionId)) connection.kick(reason)
    }
    this.#sessions.endWhere(({ identity, id }) => isMeant(identity.id, id), 'kicked')
    return before - this.#sessions.size
  }

  #whenEmpty(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#emptied.push(resolve))
  }

  /** Leaves what is here to the nodes that share the store. One that is away is not waited for any longer than this. */
  async #handOff(store: Store): Promise<void> {
    const { closeTimeoutMs, clock, grace, logger: log } = this.#options
    this.#sessions.disconnectAll()
    // What is staged has to be there first: nothing is committed afterwards.
    const handedOff = this.registry.whenCommitted().then(() => store.handOff(grace.graceMs))
    const onTimeout = () => log.warn({ closeTimeoutMs }, 'handing off to the store took too long')
    await withTimeout(handedOff, closeTimeoutMs, clock, onTimeout).catch((error: unknown) => {
      log.warn({ err: error }, 'handing off to the store failed')
    })
  }

  #noteReachable(isReachable: boolean): void {
    const { logger: log } = this.#options
    if (isReachable) log.info({}, 'the store is reachable again')
    else
      log.warn({}, 'the store is unreachable: the server answers from memory, and changes wait for the store')
    this.registry.setReachable(isReachable)
    if (!isReachable) return
    this.#sessions.resave()
    this.#control?.retryNow()
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
