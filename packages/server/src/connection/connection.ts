import {
  type ClientMessage,
  type DecodedClientMessage,
  type Dialect,
  fault,
  type HelloMessage,
  type JsonObject,
  type Limits,
  limitFault,
  ROLLCALL_SYSTEM_TOPIC,
  type ServerMessage,
  type Topic,
} from '@rollcall/shared-protocol'
import type { Outlet } from '../channel/host'
import type { Clock } from '../io/clock'
import { Packet } from '../io/packet'
import type { Tick } from '../io/tick'
import type { Wire, WireEvents } from '../io/wire'
import type { Logger } from '../log'
import type { Identity } from '../session/identity'
import type { PackedParams } from '../session/params'
import type { Session, SessionRequest } from '../session/session'
import type { Resumed, Sessions } from '../session/sessions'
import { type DispatchContext, dispatch, observe } from './dispatch'
import { type HeartbeatOptions, judgeSilence } from './heartbeat'
import { Outbox, type OutboxEvents, type OutboxOptions } from './outbox'

/*
 *  wire --onMessage--> size --> decode --> dispatch --> channels
 *                                   ^ waits while the store is asked for the session
 *  wire <---write----- outbox <-- encode <-- send       |
 *                        ^------- deliver (encoded once for many)
 */

export interface ConnectionContext {
  readonly clock: Clock
  readonly tick: Tick
  readonly log: Logger
  readonly limits: Limits
  readonly heartbeat: HeartbeatOptions
  readonly sessions: Sessions
  readonly dispatch: DispatchContext
  readonly outbox: OutboxOptions
  /** What of the server a native client is told in answer to its hello. */
  readonly describeServer: () => JsonObject
  readonly onClosed: (connection: Connection) => void
}

export interface ConnectionRequest {
  readonly dialect: Dialect
  readonly identity: Identity
  readonly params: PackedParams
  /** For a dialect whose messages name no topic. */
  readonly implicitTopic: Topic
}

/** The server's end of one transport. */
export class Connection implements WireEvents, OutboxEvents, Outlet {
  readonly #wire: Wire
  readonly #request: ConnectionRequest
  readonly #context: ConnectionContext
  readonly #outbox: Outbox
  #session: Session | null = null
  /** The session's generation that this connection holds. */
  #generation = -1
  #lastHeardMs: number
  #askedMs: number | null = null
  /** Bytes that waited at the last sweep. */
  #sweptBytes = 0
  #isDead = false
  /** What came while the store is asked for the session; null while it is not. */
  #waiting: ClientMessage[] | null = null
  #isClosing = false
  /** How it ended; null while it has not. */
  #endedWith: number | null = null
  /** Whether this node sent the client to another one. */
  #isDrained = false

  constructor(wire: Wire, request: ConnectionRequest, context: ConnectionContext) {
    this.#wire = wire
    this.#request = request
    this.#context = context
    this.#lastHeardMs = context.clock.now()
    this.#outbox = new Outbox(wire, context.tick, context.outbox, this)
    if (request.dialect.hasImplicitTopic) this.#observe()
  }

  // --- WireEvents ------------------------------------------------------------------------------------------------

  onMessage(data: Buffer, isBinary: boolean): void {
    this.#heard()
    if (this.#isClosing) return
    const { limits } = this.#context
    const { dialect, implicitTopic } = this.#request
    if (data.length > limits.frameBytes) {
      const problem = limitFault(
        `The frame has ${data.length} bytes`,
        'frameBytes',
        limits.frameBytes,
        data.length,
      )
      return this.send({ kind: 'fault', fault: problem })
    }
    const decoded = dialect.decodeClient(isBinary ? data : data.toString('utf8'), { limits, implicitTopic })
    if (!decoded.ok) this.#refuse(decoded)
    else this.#take(decoded.message)
  }

  onPong(): void {
    this.#heard()
  }

  onDrain(): void {
    if (this.#outbox.drained()) this.#session?.catchUp()
  }

  onClose(code: number, reason: string): void {
    const { log, onClosed } = this.#context
    this.#isClosing = true
    this.#endedWith = code
    onClosed(this)
    log.debug({ sessionId: this.#session?.id, code, reason }, 'connection closed')
    this.#dropSession(code)
  }

  // --- Outlet ----------------------------------------------------------------------------------------------------

  send(message: ServerMessage): void {
    this.deliver(new Packet(this.#request.dialect.encodeServer(message)))
  }

  get isCongested(): boolean {
    return this.#outbox.isCongested
  }

  deliver(packet: Packet): void {
    if (!this.#isClosing) this.#outbox.push(packet)
  }

  close(code: number, reason: string): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#isDrained = code === 1012
    this.#outbox.onTick()
    this.#wire.close(code, reason)
  }

  // --- OutboxEvents ----------------------------------------------------------------------------------------------

  onOverflow(bufferedBytes: number): void {
    const { log, outbox } = this.#context
    log.warn(
      { sessionId: this.#session?.id, bufferedBytes, hardLimitBytes: outbox.hardLimitBytes },
      'a peer reads too slowly and is cut off',
    )
    this.close(1013, 'reads too slowly')
  }

  // --- heartbeat -------------------------------------------------------------------------------------------------

  /** To be called every sweep: asks a silent peer whether it is there, and ends a dead one. */
  sweep(nowMs: number): void {
    // Whoever takes what waits for it is there, however far behind: its pong comes after all of that.
    const { bufferedBytes } = this.#wire
    if (bufferedBytes < this.#sweptBytes) this.#heard()
    this.#sweptBytes = bufferedBytes
    const silence = { lastHeardMs: this.#lastHeardMs, askedMs: this.#askedMs }
    switch (judgeSilence(silence, nowMs, this.#context.heartbeat)) {
      case 'fine':
        return
      case 'ask':
        this.#askedMs = nowMs
        return this.#wire.ping()
      case 'dead':
        this.#isDead = true
        this.#wire.terminate()
    }
  }

  #take(message: ClientMessage): void {
    if (this.#waiting) this.#keepWaiting(message, this.#waiting)
    else if (message.kind === 'hello') this.#hello(message)
    else dispatch(this.#hold(), message, this.#context.dispatch)
  }

  /** Goes on with an earlier session, or begins one. What comes while the store is asked for it waits, in its order. */
  #hello(message: HelloMessage): void {
    const { sessions } = this.#context
    const { token, instance } = message
    // A token is taken only before anything else was said: afterwards this connection has a session.
    if (token === undefined || this.#session) return this.#greet(message, null)
    const resumed = sessions.resume(token, instance, this.#sessionRequest())
    if (resumed || !sessions.isShared) return this.#greet(message, resumed)
    this.#waiting = []
    void sessions.resumeElsewhere(token, instance, this.#sessionRequest()).then((found) => {
      const waiting = this.#waiting ?? []
      this.#waiting = null
      if (found || this.#endedWith === null) this.#greet(message, found)
      if (this.#endedWith !== null) return this.#dropSession(this.#endedWith)
      if (!this.#isClosing) for (const each of waiting) this.#take(each)
    })
  }

  #keepWaiting(message: ClientMessage, waiting: ClientMessage[]): void {
    const { maxWaitingMessages } = this.#context.dispatch.services
    if (waiting.length < maxWaitingMessages) return void waiting.push(message)
    const text = `${maxWaitingMessages} messages wait for the session already (server option maxWaitingMessages).`
    const problem = fault('throttled', text, { retryAfterMs: 1000 })
    if (message.kind === 'appear' || message.kind === 'disappear')
      return this.send({ kind: 'fault', fault: problem })
    const joinRef = 'joinRef' in message ? message.joinRef : null
    const topic = 'topic' in message ? message.topic : ROLLCALL_SYSTEM_TOPIC
    this.send({ kind: 'reply', topic, ref: message.ref, joinRef, status: 'error', fault: problem })
  }

  /** Tells the client who it is. */
  #greet({ ref, instance }: HelloMessage, resumed: Resumed | null): void {
    const { sessions, describeServer } = this.#context
    if (resumed) {
      this.#session = resumed.session
      this.#generation = resumed.session.generation
    }
    const session = this.#hold()
    const response: JsonObject = {
      session: session.id,
      token: resumed?.token ?? sessions.issueToken(session, instance),
      resumed: resumed !== null,
      identity: { id: session.identity.id },
      ...describeServer(),
    }
    this.send({ kind: 'reply', topic: ROLLCALL_SYSTEM_TOPIC, ref, joinRef: null, status: 'ok', response })
  }

  #dropSession(code: number): void {
    const { dispatch, sessions } = this.#context
    const session = this.#session
    if (!session) return
    const closed = this.#isDrained ? 'drained' : 'closed'
    dispatch.names.endAll(session, this.#isDead ? 'timeout' : closed)
    const graceMs = sessions.graceFor(session, code)
    // Who is waited for in vain has timed out; a page that went away has closed.
    const leave = this.#isDead || (graceMs > 0 && code !== 1001) ? 'timeout' : closed
    session.drop(this.#generation, leave, graceMs)
  }

  /** The session, begun with the first message that needs one. */
  #hold(): Session {
    if (!this.#session) {
      this.#session = this.#context.sessions.create(this.#sessionRequest())
      this.#generation = this.#session.generation
    }
    return this.#session
  }

  #sessionRequest(): SessionRequest {
    const { identity, dialect, params } = this.#request
    return { identity, dialect, params, outlet: this }
  }

  #observe(): void {
    const problem = observe(this.#hold(), this.#request.implicitTopic, this.#context.dispatch)
    if (!problem) return
    this.send({ kind: 'fault', fault: problem })
    this.close(1008, problem.code)
  }

  #heard(): void {
    this.#lastHeardMs = this.#context.clock.now()
    this.#askedMs = null
  }

  #refuse(decoded: DecodedClientMessage & { ok: false }): void {
    const { fault, replyTo } = decoded
    if (replyTo) this.send({ kind: 'reply', ...replyTo, status: 'error', fault })
    else this.send({ kind: 'fault', fault })
  }
}
