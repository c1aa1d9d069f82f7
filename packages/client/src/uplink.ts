import {
  type ClientDialect,
  type ClientMessage,
  type Frame,
  field,
  isJsonObject,
  type JsonObject,
  type MessageRef,
  type Topic,
} from '@rollcall/shared-protocol'
import type { ChannelFrame } from './channel-link'
import { CurrentTransport } from './current-transport'
import { RollcallError } from './errors'
import { Heartbeat } from './heartbeat'
import { stepSocket } from './machine/socket-machine'
import {
  INITIAL_SOCKET,
  type SessionInfo,
  type SocketEffect,
  type SocketEvent,
  type SocketState,
} from './machine/socket-state'
import type { ResolvedSocketOptions } from './options'
import { readRefusal, refusalError } from './refusal'
import { RenouncedTopics } from './renounced-topics'
import { RunningMachine } from './running-machine'
import { SessionToken } from './session-token'
import { Timer } from './timer'

/*
 *   Socket  <-->  Uplink: the socket machine at work
 *                    |-- CurrentTransport   one physical connection after another
 *                    |-- Heartbeat          whether the other side is there
 *                    |-- NetworkHints       when to try at once, and when not at all
 */

/** Close code of a connection whose session went on with another one. */
const REPLACED_CODE = 4003

/** All that is known of a session with a server that does not tell. */
const UNKNOWN_SESSION: SessionInfo = { id: null, identity: null, isResumed: false, settlingMs: 0 }

type ReceivedReply = Extract<ChannelFrame, { readonly kind: 'reply' }>

/** What an uplink tells its socket. */
export interface UplinkListener {
  /** There is a transport to send on. */
  connected(): void
  lost(isFinal: boolean): void
  received(frame: ChannelFrame): void
  /** A frame was not understood, by us or by the server. */
  faulted(error: RollcallError): void
  changed(before: SocketState, after: SocketState): void
}

/** What carries a socket's messages: keeps one transport open for as long as it is meant to be. */
export class Uplink {
  readonly #options: ResolvedSocketOptions
  readonly #dialect: ClientDialect
  readonly #listener: UplinkListener
  readonly #machine: RunningMachine<SocketState, SocketEvent, SocketEffect>
  readonly #transport: CurrentTransport
  readonly #heartbeat: Heartbeat
  readonly #timer: Timer
  readonly #token: SessionToken
  /** Tells the server that a session goes on in the program that held it, and not in a copy of its tab. */
  readonly #instance: string
  /** Ends the time in which a server that began anew waits for those who were there. */
  readonly #settling: Timer
  #isSettling = false
  readonly #renounced = new RenouncedTopics()
  #unwatch: (() => void) | null = null
  #lastRef = 0
  #helloRef: MessageRef = null

  constructor(
    options: ResolvedSocketOptions,
    dialect: ClientDialect,
    endpoint: URL,
    listener: UplinkListener,
  ) {
    const { clock } = options
    this.#options = options
    this.#dialect = dialect
    this.#instance = [options.random(), options.random()]
      .map((chance) => chance.toString(36).slice(2))
      .join('')
    this.#listener = listener
    this.#settling = new Timer(clock, () => {
      this.#isSettling = false
    })
    this.#token = new SessionToken(options.sessionStorage, endpoint)
    this.#timer = new Timer(clock, () => this.dispatch({ kind: 'due' }))
    this.#machine = new RunningMachine<SocketState, SocketEvent, SocketEffect>(
      INITIAL_SOCKET,
      (state, event) =>
        stepSocket(state, event, {
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
      () => this.dispatch({ kind: 'dead' }),
    )
    this.#transport = new CurrentTransport(options, endpoint, dialect, {
      opened: () => this.dispatch({ kind: 'opened' }),
      frame: (frame) => this.#receive(frame),
      closed: (close) => {
        // Another tab has our session now. To take it back would have the two take it from each other for ever.
        if (close.code === REPLACED_CODE) this.#token.forget()
        this.dispatch({ kind: 'closed', close })
      },
      failed: (error) => this.dispatch({ kind: 'failed', error }),
    })
  }

  get state(): SocketState {
    return this.#machine.state
  }

  /** Whether frames can be sent. So from the moment the transport opens: joins do not wait for the hello's answer. */
  get isConnected(): boolean {
    const { name } = this.state
    return (name === 'greeting' || name === 'open') && this.#transport.isOpen
  }

  dispatch(event: SocketEvent): void {
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

  /** Resolves once no former transport is on its way out any more. */
  parted(): Promise<void> {
    return this.#transport.parted()
  }

  #perform(effect: SocketEffect): void {
    switch (effect.kind) {
      case 'timer':
        return this.#timer.set(effect.delayMs)
      case 'open':
        return this.#transport.open()
      case 'greet':
        return this.#greet()
      case 'close':
        if (!effect.isGoodbye) return this.#transport.drop()
        if (this.#transport.isOpen && this.#dialect.hasHello)
          this.send({ kind: 'goodbye', ref: this.nextRef() })
        return this.#transport.part(effect.close)
      case 'heartbeat':
        return this.#heartbeat.dispatch(effect.order)
      case 'lost':
        this.#isSettling = false
        this.#settling.set(null)
        if (effect.isFinal) this.#token.release()
        return this.#listener.lost(effect.isFinal)
      case 'watch':
        return this.#watch(effect.isOn)
    }
  }

  #greet(): void {
    // Nobody answers where no hello is said: the connection is good from the moment it is there.
    if (!this.#dialect.hasHello) {
      this.#listener.connected()
      return this.#welcomed(UNKNOWN_SESSION)
    }
    this.#helloRef = this.nextRef()
    this.#token.claim()
    const token = this.#token.current
    const instance = this.#instance
    this.send({ kind: 'hello', ref: this.#helloRef, instance, ...(token === null ? {} : { token }) })
    this.#listener.connected()
  }

  /**
   * The channel of this topic is done with, while the server may know it still: after a lost connection, or a join or
   * leave that was not answered. The server is told until it has answered, over a resumed session if need be.
   */
  renounce(topic: Topic): void {
    const ref = this.isConnected ? this.nextRef() : null
    this.#renounced.add(topic, ref)
    if (ref !== null) this.send({ kind: 'leave', topic, ref, joinRef: null })
  }

  /** The topic is wanted again: the join that is to come takes the place of the channel that was done with. */
  reclaim(topic: Topic): void {
    this.#renounced.reclaim(topic)
  }

  /** How long a server that lost its past waits for those who were there, in milliseconds; 0 once it does not. */
  settlingMs(): number {
    return this.#isSettling ? (this.state.session?.settlingMs ?? 0) : 0
  }

  #welcomed(session: SessionInfo): void {
    this.#isSettling = session.settlingMs > 0
    // A timer, and no look at the clock: a clock that is set meanwhile would cut the wait short.
    this.#settling.set(this.#isSettling ? session.settlingMs : null)
    this.dispatch({ kind: 'welcomed', session })
    this.#leaveRenounced(session.isResumed)
  }

  #leaveRenounced(isResumed: boolean): void {
    const { topics } = this.#renounced
    // A session of its own is in no topic that it did not join.
    if (!isResumed) this.#renounced.clear()
    else for (const topic of topics) this.renounce(topic)
  }

  #isOfHello({ ref }: ReceivedReply): boolean {
    return ref !== null && ref === this.#helloRef
  }

  #watch(isOn: boolean): void {
    this.#unwatch?.()
    this.#unwatch = null
    if (!isOn) return
    const { networkHints } = this.#options
    this.#unwatch = networkHints.watch({
      online: () => this.dispatch({ kind: 'online' }),
      offline: () => this.dispatch({ kind: 'offline' }),
      visible: () => this.dispatch({ kind: 'visible' }),
    })
    this.dispatch({ kind: networkHints.isOnline() ? 'online' : 'offline' })
  }

  #receive(frame: Frame): void {
    this.#heartbeat.dispatch('heard')
    const decoded = this.#dialect.decodeServer(frame)
    if (!decoded.ok) {
      const { code, message } = decoded.fault
      const what = 'A frame of the server was not understood and is passed over'
      return this.#listener.faulted(
        new RollcallError('protocol_fault', `${what}: ${message}`, { reason: code }),
      )
    }
    const received = decoded.value
    if (received.kind === 'fault') {
      const refusal = readRefusal(received.response)
      this.#listener.faulted(
        refusalError('protocol_fault', 'The server did not understand a frame of ours', refusal),
      )
    } else if (this.#renounced.settle(received)) return
    else if (received.topic !== this.#dialect.systemTopic) this.#listener.received(received)
    else if (received.kind === 'reply' && this.#isOfHello(received)) this.#welcome(received)
  }

  #welcome(reply: ReceivedReply): void {
    if (reply.status === 'ok') {
      const { session, token } = readWelcome(reply.response)
      if (token !== null) this.#token.keep(token)
      return this.#welcomed(session)
    }
    const refusal = readRefusal(reply.response)
    const error = refusalError('refused', 'The server refused the connection', refusal)
    const { isRetryable, retryAfterMs } = refusal
    this.dispatch({ kind: 'unwelcome', error, isRetryable, retryAfterMs })
  }
}

/** Who we are, of the answer to hello. What a server does not tell stays unknown. */
function readWelcome(response: unknown): { readonly session: SessionInfo; readonly token: string | null } {
  const body: JsonObject = isJsonObject(response) ? response : {}
  const session = field(body, 'session')
  const identity = field(body, 'identity')
  const id = isJsonObject(identity) ? field(identity, 'id') : undefined
  const token = field(body, 'token')
  const settlingMs = field(body, 'settling_ms')
  return {
    token: typeof token === 'string' ? token : null,
    session: {
      id: typeof session === 'string' ? session : null,
      identity: typeof id === 'string' ? { id } : null,
      isResumed: field(body, 'resumed') === true,
      settlingMs: typeof settlingMs === 'number' ? settlingMs : 0,
    },
  }
}
