import { type JsonObject, type TransportName, utf8Bytes, WIRE_REVISION } from '@rollcall/shared-protocol'
import { AdmissionControl } from './admission/admission-control'
import { type AdmissionContext, admit } from './admission/admit'
import { withTimeout } from './async/with-timeout'
import { Router } from './channel/channel-definition'
import { checkOptions } from './check-options'
import { Connection, type ConnectionContext } from './connection/connection'
import { OpenConnections } from './connection/open-connections'
import { PendingStateBudget } from './connection/pending-state-budget'
import { AccountRateMeters } from './connection/rate-meters'
import { ServerError } from './errors'
import { copyHandshake, NO_COPY, packParams } from './identity/handshake-copy'
import { identify } from './identity/identify'
import type { Mode } from './io/mode'
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
 * A server without its sockets. Tests and the simulator pass wires of their own.
 */

/** Why a load balancer should send no new clients to a node. */
export type NotReadyReason = 'draining' | 'closing' | 'store_unreachable'

/** One server process incarnation: its connections, sessions, channels and registry. */
export class PresenceNode {
  readonly registry: PresenceRegistry
  readonly #options: ResolvedServerOptions
  readonly #store: Store
  readonly #sessions: Sessions
  readonly #connections: OpenConnections
  readonly #connectionContext: ConnectionContext
  readonly admissionControl: AdmissionControl
  readonly #admission: AdmissionContext
  readonly #startedMs: number
  #refs = 0
  /** Null without a shared store. */
  readonly #control: NodeMessages | null
  #phase: 'open' | 'draining' | 'closing' = 'open'

  constructor(options: ResolvedServerOptions, mode: () => Mode) {
    const { limits, clock, random, logger: log, heartbeat, grace } = options
    const { handlerTimeoutMs, maxWaitingMessages, storeTimeoutMs, outbox, rates } = options
    const tick = new WriteScheduler(clock, log)
    const id = random.id(4)
    this.#options = options
    this.#connections = new OpenConnections(clock, random)
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
      onClosed: (connection) => this.#connections.remove(connection),
    }
  }

  /** Starts the liveness checks of connections, and listens to the other nodes. */
  start(): void {
    this.#connections.startSweeps(this.#options.heartbeat)
    this.#control?.open()
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Sessions with a connection, and sessions that wait for their client to reconnect. */
  get sessionCount(): number {
    return this.#sessions.size
  }

  /** Accepts or refuses a handshake. Never rejects. */
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
        // Spelled out, not spread: V8 gives each spread object a shape of its own, which costs memory.
        const accepted = { dialect, identity, params, handshake: copy, implicitTopic, slot }
        const connection = new Connection(wire, accepted, this.#connectionContext)
        this.#connections.add(connection)
        // It was accepted before the node began to drain.
        if (this.#phase !== 'open') clock.soon(() => connection.close(1012, 'server drains'))
        return connection
      },
    }
  }

  /** Reasons why this node should get no new clients; empty if it is ready. */
  get readiness(): readonly NotReadyReason[] {
    const reasons: NotReadyReason[] = []
    if (this.#phase !== 'open') reasons.push(this.#phase)
    if (!this.registry.isReachable) reasons.push('store_unreachable')
    return reasons
  }

  /** The error code of an unreachable store, such as `OOM`. Null if it is reachable or sends no code. */
  get storeErrorCode(): string | null {
    return this.registry.isReachable ? null : (this.#store.errorCode ?? null)
  }

  /**
   * Refuses new connections and closes the open ones with 1012, spread over `overMs`. Resolves when all have closed.
   */
  async drain(overMs: number): Promise<void> {
    if (this.#phase === 'open') {
      this.#phase = 'draining'
      this.#connections.drain(overMs)
    }
    await this.#connections.whenEmpty()
  }

  /**
   * Closes all connections with 1012, so that their clients reconnect, and resolves when all have closed. With a shared
   * store, sessions are handed off to the other nodes; otherwise they end.
   */
  async close(): Promise<void> {
    this.#phase = 'closing'
    this.#connections.closeAll()
    await this.#connections.whenEmpty()
    this.#connections.stopSweeps()
    this.#control?.close()
    const { store } = this.#options
    if (store) await this.#handOff(store)
    else this.#sessions.endAll('drained')
    this.registry.close()
    if (!store) await this.#store.close()
  }

  /**
   * Ends the sessions of an identity, or one session, on all nodes. Resolves with the number that ended here, after the
   * other nodes were notified. Rejects if the store could not notify them; the sessions here have ended then.
   */
  async kick(target: KickTarget, reason: string): Promise<number> {
    const ended = this.#kickHere(target, reason)
    await this.#control?.publish({ target, reason })
    return ended
  }

  #kickHere(target: KickTarget, reason: string): number {
    const isTarget = (identityId: string, sessionId: string | null) =>
      'session' in target ? sessionId === target.session : identityId === target.identity
    const before = this.#sessions.size
    this.#connections.kick(isTarget, reason)
    this.#sessions.endWhere(({ identity, id }) => isTarget(identity.id, id), 'kicked')
    return before - this.#sessions.size
  }

  /** Hands sessions and presences off to the other nodes. It waits for the store for at most `closeTimeoutMs`. */
  async #handOff(store: Store): Promise<void> {
    const { closeTimeoutMs, clock, grace, logger: log } = this.#options
    this.#sessions.disconnectAll()
    // Staged changes must be committed first: after the handoff, this node commits nothing.
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
    // After a restart with an empty store, clients of the previous process are about to rejoin.
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
}

/** Most bytes of a close frame's reason (RFC 6455, 5.5). */
const MAX_REASON_BYTES = 123

/** Checks the arguments of a kick. It needs exactly one target, so that an empty one never matches every session. */
export function checkKick(target: KickTarget, reason: string): KickTarget {
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
