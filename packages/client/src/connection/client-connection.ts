import type { ClientDialect, ClientMessage, Frame, Topic } from '@rollcall/shared-protocol'
import { RunningMachine } from '../async/running-machine'
import { ResettableTimer } from '../async/timer'
import type { ReceivedFrame } from '../channel/channel-link'
import { CredentialsProvider } from '../credentials/credentials-provider'
import type { Credentials, Lifetime } from '../credentials/credentials-state'
import { RollcallError } from '../errors'
import { NetworkWatch } from '../io/network-hints'
import type { ResolvedSocketOptions } from '../options'
import { Settling } from '../presence/recovery-window'
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
  type SessionInfo,
} from './connection-state'
import { type Endpoint, paramsWith, publicAddress } from './endpoint'
import { Heartbeat } from './heartbeat'

/*
 *   Socket  <-->  ClientConnection: the socket machine at work
 *                    |-- CredentialsProvider   who we are: asked for each connection, renewed while it lasts
 *                    |-- ActiveTransport     one physical connection after another
 *                    |-- SystemTopic          hello, refresh, and what the answers mean
 *                    |-- Heartbeat            whether the other side is there
 *                    |-- NetworkWatch         when to try at once, and when not at all
 */

/** Close code of a connection whose session went on with another one. */
const REPLACED_CODE = 4003

/** What an uplink tells its socket. */
export interface ConnectionListener {
  /** There is a transport to send on. */
  connected(): void
  lost(isFinal: boolean): void
  received(frame: ReceivedFrame): void
  /** A frame was not understood, by us or by the server; or it did not take newer credentials. */
  faulted(error: RollcallError): void
  changed(before: ConnectionState, after: ConnectionState): void
}

/** What carries a socket's messages: keeps one transport open for as long as it is meant to be. */
export class ClientConnection {
  readonly #dialect: ClientDialect
  readonly #endpoint: Endpoint
  readonly #listener: ConnectionListener
  readonly #machine: RunningMachine<ConnectionState, ConnectionEvent, ConnectionEffect>
  readonly #credentials: CredentialsProvider
  readonly #transport: ActiveTransport
  readonly #heartbeat: Heartbeat
  readonly #timer: ResettableTimer
  readonly #token: SessionToken
  readonly #system: SystemRequests
  readonly #settling: Settling
  readonly #watch: NetworkWatch
  readonly #pendingLeaves = new PendingLeaves()
  #lastRef = 0

  constructor(
    options: ResolvedSocketOptions,
    dialect: ClientDialect,
    endpoint: Endpoint,
    listener: ConnectionListener,
  ) {
    const { clock } = options
    this.#dialect = dialect
    this.#endpoint = endpoint
    this.#listener = listener
    this.#settling = new Settling(clock)
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

  /** Whether frames can be sent. So from the moment the transport opens: joins do not wait for the hello's answer. */
  get isConnected(): boolean {
    const { name } = this.state
    return (name === 'handshaking' || name === 'open') && this.#transport.isOpen
  }

  dispatch(event: ConnectionEvent): void {
    this.#machine.dispatch(event)
  }

  nextRef(): string {
    const ref = this.peekRef()
    this.#lastRef += 1
    return ref
  }

  peekRef(): string {
    return String(this.#lastRef + 1)
  }

  /** Throws where the payload is not JSON. */
  send(message: ClientMessage): void {
    this.#transport.send(this.#dialect.encodeClient(message))
  }

  /** Asks for credentials anew, and has the server take them. */
  refresh(): Promise<void> {
    if (this.#dialect.hasHello) return this.#credentials.renew()
    const why = 'A Phoenix server takes newer credentials only with a new connection.'
    return Promise.reject(new RollcallError('unsupported', why))
  }

  /** Resolves once no former transport is on its way out any more. */
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
        if (this.#transport.isOpen && this.#dialect.hasHello)
          this.send({ kind: 'goodbye', ref: this.nextRef() })
        return this.#transport.closeGracefully(effect.close)
      case 'closeGracefully':
        this.#credentials.dispatch({ kind: 'disconnected' })
        return this.#transport.closeGracefully(effect.close)
      case 'heartbeat':
        return this.#heartbeat.dispatch(effect.order)
      case 'lost':
        this.#settling.set(0)
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
    // Nobody answers where no hello is said: the connection is good from the moment it is there.
    if (!this.#dialect.hasHello) {
      this.#listener.connected()
      return this.#accepted(UNKNOWN_SESSION, 'unknown')
    }
    this.send(this.#system.hello())
    this.#listener.connected()
  }

  /**
   * The channel of this topic is done with, while the server may know it still: after a lost connection, or a join or
   * leave that was not answered. The server is told until it has answered, over a resumed session if need be.
   */
  leaveLater(topic: Topic): void {
    const ref = this.isConnected ? this.nextRef() : null
    this.#pendingLeaves.add(topic, ref)
    if (ref !== null) this.send({ kind: 'leave', topic, ref, joinRef: null })
  }

  /** The topic is wanted again: the join that is to come takes the place of the channel that was done with. */
  cancelLeave(topic: Topic): void {
    this.#pendingLeaves.cancel(topic)
  }

  /** How long a server that lost its past waits for those who were there, in milliseconds; 0 once it does not. */
  settlingMs(): number {
    return this.#settling.ms
  }

  #accepted(session: SessionInfo, lifetime: Lifetime): void {
    this.#settling.set(session.settlingMs)
    this.#credentials.dispatch({ kind: 'accepted', lifetime })
    this.dispatch({ kind: 'accepted', session })
    this.#sendPendingLeaves(session.isResumed)
  }

  #sendRefresh({ params, token }: Credentials): void {
    // The address may have params of its own, which the server would otherwise take for withdrawn.
    const query = paramsWith(this.#endpoint, params)
    this.send(this.#system.refresh(query, token))
  }

  #closed(close: CloseInfo): void {
    const { code } = close
    const isExpiry = this.#dialect.hasCloseCodes && code === EXPIRED_CODE
    // Another tab has our session now, or it is over. To take it back would have the two take it from each other for ever.
    if (code === REPLACED_CODE || isExpiry) this.#token.clear()
    this.#credentials.dispatch({ kind: 'closed', close, isExpiry })
  }

  #sendPendingLeaves(isResumed: boolean): void {
    const { topics } = this.#pendingLeaves
    // A session of its own is in no topic that it did not join.
    if (!isResumed) this.#pendingLeaves.clear()
    else for (const topic of topics) this.leaveLater(topic)
  }

  #receive(frame: Frame): void {
    this.#heartbeat.dispatch('received')
    const received = readServerFrame(this.#dialect, frame)
    if (received instanceof RollcallError) this.#listener.faulted(received)
    else if (this.#pendingLeaves.acknowledge(received)) return
    else if (received.topic !== this.#dialect.systemTopic) this.#listener.received(received)
    else if (received.kind === 'reply') {
      const answer = this.#system.read(received)
      if (answer) this.#onSystemReply(answer)
    }
  }

  #onSystemReply(answer: SystemReply): void {
    switch (answer.kind) {
      case 'accepted':
        return this.#accepted(answer.session, answer.lifetime)
      case 'refused':
        return this.dispatch(answer)
      case 'refreshed':
      case 'refreshRefused':
        return this.#credentials.dispatch(answer)
    }
  }
}
