import type { ClientDialect, ClientMessage, Frame, Topic } from '@rollcall/shared-protocol'
import { RunningMachine } from '../async/running-machine'
import { ResettableTimer } from '../async/timer'
import { CredentialsProvider } from '../credentials/credentials-provider'
import type { Credentials, Lifetime } from '../credentials/credentials-state'
import { RollcallError } from '../errors'
import { NetworkWatch } from '../io/network-hints'
import type { ResolvedSocketOptions } from '../options'
import { PendingLeaves } from '../session/pending-leaves'
import { SessionToken } from '../session/session-token'
import { type SystemReply, SystemRequests, UNKNOWN_SESSION } from '../session/system-requests'
import { ActiveTransport, readServerFrame } from './active-transport'
import { EXPIRED_CODE } from './connection-errors'
import { stepConnection } from './connection-machine'
import {
  type CloseInfo,
  type ConnectionEffect,
  type ConnectionEvent,
  type ConnectionState,
  INITIAL_CONNECTION,
  type ReceivedFrame,
  type SessionInfo,
} from './connection-state'
import { type Endpoint, paramsWith, publicAddress } from './endpoint'
import { Heartbeat } from './heartbeat'

/*
 *   Socket  <-->  ClientConnection: runs the connection machine
 *                    |-- CredentialsProvider  fetches credentials for each connection, and renews them in time
 *                    |-- ActiveTransport      one physical connection after another
 *                    |-- SystemRequests       hello, refresh, and the replies to them
 *                    |-- Heartbeat            notices a server that went silent
 *                    |-- NetworkWatch         reports when the network and the page come and go
 */

/** Close code of a connection whose session continued on another one. */
const REPLACED_CODE = 4003

/** The socket's side of a connection. */
interface ConnectionListener {
  /** The transport is open: frames can be sent. */
  connected(): void
  /** `isFinal`: the connection does not come back by itself. */
  lost(isFinal: boolean): void
  received(frame: ReceivedFrame): void
  /** A side did not understand a frame, or the server refused newer credentials. The connection continues. */
  faulted(error: RollcallError): void
  changed(before: ConnectionState, after: ConnectionState): void
}

/** Keeps one transport open between `connect` and `disconnect`, and carries the messages of all channels. */
export class ClientConnection {
  readonly options: ResolvedSocketOptions
  readonly dialect: ClientDialect
  readonly #endpoint: Endpoint
  readonly #listener: ConnectionListener
  readonly #machine: RunningMachine<ConnectionState, ConnectionEvent, ConnectionEffect>
  readonly #credentials: CredentialsProvider
  readonly #transport: ActiveTransport
  readonly #heartbeat: Heartbeat
  readonly #timer: ResettableTimer
  readonly #token: SessionToken
  readonly #system: SystemRequests
  /** Counts the recovery down. Not a comparison with the clock, which somebody may set in between. */
  readonly #recoveryTimer: ResettableTimer
  readonly #watch: NetworkWatch
  readonly #pendingLeaves = new PendingLeaves()
  #recoveringMs = 0
  #lastRef = 0

  constructor(
    options: ResolvedSocketOptions,
    dialect: ClientDialect,
    endpoint: Endpoint,
    listener: ConnectionListener,
  ) {
    const { clock } = options
    this.options = options
    this.dialect = dialect
    this.#endpoint = endpoint
    this.#listener = listener
    this.#recoveryTimer = new ResettableTimer(clock, () => {
      this.#recoveringMs = 0
    })
    this.#watch = new NetworkWatch(options.networkHints, (kind) => this.dispatch({ kind }))
    this.#token = new SessionToken(options.sessionStorage, publicAddress(endpoint))
    const instance = [options.random(), options.random()].map((chance) => chance.toString(36).slice(2))
    this.#system = new SystemRequests(this.#token, instance.join(''), () => this.nextRef())
    this.#timer = new ResettableTimer(clock, () => this.dispatch({ kind: 'due' }))
    this.#machine = new RunningMachine<ConnectionState, ConnectionEvent, ConnectionEffect>(
      INITIAL_CONNECTION,
      (state, event) =>
        stepConnection(state, event, {
          now: clock.now(),
          random: options.random(),
          hasCloseCodes: dialect.hasCloseCodes,
          connectTimeoutMs: options.connectTimeoutMs,
          backoff: options.backoff,
        }),
      (effect) => this.#perform(effect),
      (before) => listener.changed(before, this.state),
    )
    this.#heartbeat = new Heartbeat(
      options,
      dialect.hasIdleTimeout,
      () => this.send({ kind: 'heartbeat', topic: dialect.systemTopic, ref: this.nextRef() }),
      () => this.dispatch({ kind: 'timedOut' }),
    )
    const failed = (error: RollcallError) => this.dispatch({ kind: 'failed', error })
    this.#credentials = new CredentialsProvider(options, {
      onReady: (credentials) => this.#transport.open(credentials),
      onFailed: failed,
      onRefresh: (credentials) => this.#sendRefresh(credentials),
      onClose: (close) => this.dispatch({ kind: 'closed', close }),
      onExpired: (close) => this.dispatch({ kind: 'expired', close }),
      onFault: (error) => listener.faulted(error),
    })
    this.#transport = new ActiveTransport(options, endpoint, dialect, {
      opened: () => this.dispatch({ kind: 'opened' }),
      frame: (frame) => this.#receive(frame),
      closed: (close) => this.#closed(close),
      failed: (error) => {
        this.#credentials.dispatch({ kind: 'disconnected' })
        failed(error)
      },
    })
  }

  get state(): ConnectionState {
    return this.#machine.state
  }

  /** Whether frames can be sent. True once the transport is open: joins do not wait for the reply to hello. */
  get isConnected(): boolean {
    const { name } = this.state
    return (name === 'handshaking' || name === 'open') && this.#transport.isOpen
  }

  dispatch(event: ConnectionEvent): void {
    this.#machine.dispatch(event)
  }

  /** A ref is used once in a socket's life, so a late reply cannot be taken for the reply to a newer message. */
  nextRef(): string {
    const ref = this.peekRef()
    this.#lastRef += 1
    return ref
  }

  /** The ref that {@link nextRef} will return. */
  peekRef(): string {
    return String(this.#lastRef + 1)
  }

  /** Throws if the payload is not JSON. Call it only while {@link isConnected}. */
  send(message: ClientMessage): void {
    this.#transport.send(this.dialect.encodeClient(message))
  }

  /** Fetches new credentials and sends them over the open connection. Resolves when the server has accepted them. */
  refresh(): Promise<void> {
    if (this.dialect.hasHello) return this.#credentials.renew()
    const why =
      'refresh() is not available with the dialect "phoenix": a Phoenix server reads credentials only when a ' +
      'connection opens. Reconnect instead.'
    return Promise.reject(new RollcallError('unsupported', why))
  }

  /** Resolves when every former transport has closed. */
  whenClosed(): Promise<void> {
    return this.#transport.whenClosed()
  }

  #perform(effect: ConnectionEffect): void {
    switch (effect.kind) {
      case 'setTimer':
        return this.#timer.set(effect.delayMs)
      case 'open':
        return this.#credentials.dispatch({ kind: 'connect' })
      case 'sendHello':
        return this.#sendHello()
      case 'close':
        this.#credentials.dispatch({ kind: 'disconnected' })
        if (!effect.isGoodbye) return this.#transport.abandon()
        if (this.#transport.isOpen && this.dialect.hasHello)
          this.send({ kind: 'goodbye', ref: this.nextRef() })
        return this.#transport.closeGracefully(effect.close)
      case 'closeGracefully':
        this.#credentials.dispatch({ kind: 'disconnected' })
        return this.#transport.closeGracefully(effect.close)
      case 'heartbeat':
        return this.#heartbeat.dispatch(effect.order)
      case 'lost':
        this.#setRecovering(0)
        if (effect.isFinal) {
          this.#token.release()
          this.#credentials.dispatch({ kind: 'stopped' })
        }
        return this.#listener.lost(effect.isFinal)
      case 'watch':
        return this.#watch.set(effect.isOn)
    }
  }

  #sendHello(): void {
    // A dialect without hello gets no reply: the connection is ready as soon as the transport is open.
    if (!this.dialect.hasHello) {
      this.#listener.connected()
      return this.#accepted(UNKNOWN_SESSION, 'unknown')
    }
    this.send(this.#system.hello())
    this.#listener.connected()
  }

  /**
   * Leaves a topic that the server may still have this session in: after a lost connection, or after a join or a leave
   * without a reply. Sends the leave again over each resumed session until the server replies. (C-22)
   */
  leaveLater(topic: Topic): void {
    const ref = this.isConnected ? this.nextRef() : null
    this.#pendingLeaves.add(topic, ref)
    if (ref !== null) this.send({ kind: 'leave', topic, ref, joinRef: null })
  }

  /** Call it before a join of the topic: the join replaces the old channel on the server. */
  cancelLeave(topic: Topic): void {
    this.#pendingLeaves.cancel(topic)
  }

  /**
   * The whole time that a restarted server waits for its clients to return, in milliseconds. 0 before and after that
   * time, and while disconnected.
   */
  get recoveringMs(): number {
    return this.#recoveringMs
  }

  #setRecovering(ms: number): void {
    this.#recoveringMs = ms
    this.#recoveryTimer.set(ms > 0 ? ms : null)
  }

  #accepted(session: SessionInfo, lifetime: Lifetime): void {
    this.#setRecovering(session.recoveringMs)
    this.#credentials.dispatch({ kind: 'accepted', lifetime })
    this.dispatch({ kind: 'accepted', session })
    this.#sendPendingLeaves(session.isResumed)
  }

  #sendRefresh({ params, token }: Credentials): void {
    // Includes the params in the address itself: the server would take missing ones as removed.
    const query = paramsWith(this.#endpoint, params)
    this.send(this.#system.refresh(query, token))
  }

  #closed(close: CloseInfo): void {
    const { code } = close
    const isExpiry = this.dialect.hasCloseCodes && code === EXPIRED_CODE
    // Another tab has the session now, or it has ended. Resuming it would make both tabs replace each other endlessly.
    if (code === REPLACED_CODE || isExpiry) this.#token.clear()
    this.#credentials.dispatch({ kind: 'closed', close, isExpiry })
  }

  #sendPendingLeaves(isResumed: boolean): void {
    const { topics } = this.#pendingLeaves
    // A new session is in no topic yet, so there is nothing to leave.
    if (!isResumed) this.#pendingLeaves.clear()
    else for (const topic of topics) this.leaveLater(topic)
  }

  #receive(frame: Frame): void {
    this.#heartbeat.dispatch('received')
    const received = readServerFrame(this.dialect, frame)
    if (received instanceof RollcallError) return this.#listener.faulted(received)
    if (received.kind === 'reply' && this.#pendingLeaves.acknowledge(received)) return
    if (received.topic !== this.dialect.systemTopic) return this.#listener.received(received)
    const reply = received.kind === 'reply' ? this.#system.read(received) : null
    if (reply) this.#onSystemReply(reply)
  }

  #onSystemReply(reply: SystemReply): void {
    switch (reply.kind) {
      case 'accepted':
        return this.#accepted(reply.session, reply.lifetime)
      case 'refused':
        return this.dispatch(reply)
      case 'refreshed':
      case 'refreshRefused':
        return this.#credentials.dispatch(reply)
    }
  }
}
