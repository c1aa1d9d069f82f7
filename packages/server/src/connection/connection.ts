import {
  type ClientMessage,
  type DecodedClientMessage,
  type Dialect,
  type Fault,
  fault,
  type HelloMessage,
  type JsonObject,
  type LeaveReason,
  type Limits,
  limitFault,
  type MessageRef,
  type RefreshMessage,
  ROLLCALL_SYSTEM_TOPIC,
  type ServerMessage,
  type Topic,
} from '@rollcall/shared-protocol'
import type { Outlet } from '../channel/host'
import type { Seat } from '../door/seats'
import { Packet } from '../io/packet'
import type { Tick } from '../io/tick'
import type { Wire, WireEvents } from '../io/wire'
import type { Logger } from '../log'
import { expiresInMs, isOver } from '../session/identify'
import type { Identity } from '../session/identity'
import type { KeptHandshake } from '../session/kept-handshake'
import type { PackedParams } from '../session/params'
import type { Session, SessionRequest } from '../session/session'
import { type Resumed, type Sessions, sessionIdOf } from '../session/sessions'
import { type DispatchContext, dispatch, observe } from './dispatch'
import { type HeartbeatOptions, judgeSilence } from './heartbeat'
import type { OwnUpdate } from './kept-updates'
import { Outbox, type OutboxEvents, type OutboxOptions } from './outbox'
import { type RefreshContext, Refreshes, type RefreshHolder } from './refreshes'
import { Throttle, type ThrottleContext, type ThrottleEvents } from './throttle'

/*
 *  wire --onMessage--> size --> decode --> throttle --> dispatch --> channels
 *                                               ^ waits while the store is asked for the session
 *  wire <---write----- outbox <-- encode <-- send       |
 *                        ^------- deliver (encoded once for many)
 */

export interface ConnectionContext extends RefreshContext {
  readonly tick: Tick
  readonly log: Logger
  readonly limits: Limits
  readonly heartbeat: HeartbeatOptions
  readonly sessions: Sessions
  readonly dispatch: DispatchContext
  readonly outbox: OutboxOptions
  readonly throttle: ThrottleContext
  /** What of the server a native client is told in answer to its hello. */
  readonly describeServer: () => JsonObject
  readonly onClosed: (connection: Connection) => void
}

export interface ConnectionRequest {
  readonly dialect: Dialect
  readonly identity: Identity
  readonly params: PackedParams
  /** What new credentials are looked at with. */
  readonly handshake: KeptHandshake
  /** For a dialect whose messages name no topic. */
  readonly implicitTopic: Topic
  /** Released when the connection ends. */
  readonly seat: Seat
}

/** While the store is asked for a session. */
interface Waiting {
  readonly sessionId: string
  /** What came meanwhile. */
  readonly messages: ClientMessage[]
}

/** The server's end of one transport. */
export class Connection implements WireEvents, OutboxEvents, ThrottleEvents, RefreshHolder, Outlet {
  readonly #wire: Wire
  readonly #request: ConnectionRequest
  readonly #context: ConnectionContext
  readonly #outbox: Outbox
  /** Null where the connection has been quiet, and is as good as a new one. */
  #throttle: Throttle | null = null
  #session: Session | null = null
  /** The session's generation that this connection holds. */
  #generation = -1
  #lastHeardMs: number
  #askedMs: number | null = null
  /** Bytes that waited at the last sweep. */
  #sweptBytes = 0
  #isDead = false
  /** What came while the store is asked for the session; null while it is not. */
  #waiting: Waiting | null = null
  #isClosing = false
  /** How it ended; null while it has not. */
  #endedWith: number | null = null
  /** Why this node ended its session; null while it has not. */
  #endedFor: 'expired' | 'kicked' | null = null
  #refreshes: Refreshes | null = null
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
      this.send({ kind: 'fault', fault: problem })
      return this.#rated().offend(this.#lastHeardMs)
    }
    const decoded = dialect.decodeClient(isBinary ? data : data.toString('utf8'), { limits, implicitTopic })
    if (!decoded.ok) this.#refuse(decoded)
    else if (this.#rated().takes(decoded.message, data.length, this.#lastHeardMs)) this.#take(decoded.message)
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
    this.#request.seat.release()
    this.#throttle?.stop()
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

  // --- ThrottleEvents --------------------------------------------------------------------------------------------

  isIn(topic: Topic): boolean {
    return this.#session?.channels.has(topic) ?? false
  }

  onDue(update: OwnUpdate): void {
    if (!this.#isClosing) this.#take(update)
  }

  onThrottled(message: ClientMessage, problem: Fault): void {
    if (message.kind === 'appear' || message.kind === 'disappear')
      return this.send({ kind: 'fault', fault: problem })
    const joinRef = 'joinRef' in message ? message.joinRef : null
    const topic = 'topic' in message ? message.topic : ROLLCALL_SYSTEM_TOPIC
    this.send({ kind: 'reply', topic, ref: message.ref, joinRef, status: 'error', fault: problem })
  }

  /** Nobody is to wait for it to come back: its presences leave at once. */
  onAbuse(): void {
    if (this.#isClosing) return
    const { log } = this.#context
    log.warn({ sessionId: this.sessionId }, 'too much of what a connection sent was refused; it is closed')
    this.#endedFor = 'kicked'
    this.close(1008, 'abuse')
    this.#endSession('kicked')
  }

  // --- heartbeat -------------------------------------------------------------------------------------------------

  /** To be called every sweep: asks a silent peer whether it is there, and ends a dead one, or one who is over. */
  sweep(nowMs: number): void {
    if (this.#throttle?.isOver(nowMs)) this.#throttle = null
    if (!this.#isClosing && isOver(this.identity, this.#context.clock)) return this.#end('expired')
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

  // --- the identity ----------------------------------------------------------------------------------------------

  get identity(): Identity {
    return this.#session?.identity ?? this.#request.identity
  }

  /** Of the session that it holds, or is about to. */
  get sessionId(): string | null {
    return this.#session?.id ?? this.#waiting?.sessionId ?? null
  }

  /** Puts the peer out, and ends the session that it holds: nobody comes back to that. */
  kick(reason: string): void {
    this.#end('kicked', reason)
  }

  #end(leave: 'expired' | 'kicked', reason: string = leave): void {
    this.#endedFor = leave
    this.close(leave === 'expired' ? 4004 : 4002, reason)
    this.#endSession(leave)
  }

  #endSession(leave: LeaveReason): void {
    const session = this.#session
    if (!session) return
    this.#context.dispatch.names.endAll(session, leave)
    session.end(leave)
  }

  // --- RefreshHolder ---------------------------------------------------------------------------------------------

  get held(): Session | null {
    return this.#isClosing || this.#session?.generation !== this.#generation ? null : this.#session
  }

  onRefreshed(ref: MessageRef, response: JsonObject): void {
    this.#reply(ref, response)
  }

  onRefreshRefused(ref: MessageRef, problem: Fault): void {
    const head = { kind: 'reply', topic: ROLLCALL_SYSTEM_TOPIC, ref, joinRef: null } as const
    this.send({ ...head, status: 'error', fault: problem })
  }

  #refresh(message: RefreshMessage): void {
    this.#hold()
    this.#refreshes ??= new Refreshes(this.#request.handshake, this.#context, this)
    this.#refreshes.take(message)
  }

  #reply(ref: MessageRef, response: JsonObject): void {
    this.send({ kind: 'reply', topic: ROLLCALL_SYSTEM_TOPIC, ref, joinRef: null, status: 'ok', response })
  }

  #take(message: ClientMessage): void {
    if (isOver(this.identity, this.#context.clock)) this.#end('expired')
    else if (this.#waiting) this.#keepWaiting(message, this.#waiting.messages)
    else if (message.kind === 'hello') this.#hello(message)
    else if (message.kind === 'refresh') this.#refresh(message)
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
    this.#waiting = { sessionId: sessionIdOf(token), messages: [] }
    void sessions.resumeElsewhere(token, instance, this.#sessionRequest()).then((found) => {
      const waiting = this.#waiting?.messages ?? []
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
    this.onThrottled(message, fault('throttled', text, { retryAfterMs: 1000 }))
  }

  /** Tells the client who it is. */
  #greet({ ref, instance }: HelloMessage, resumed: Resumed | null): void {
    const { clock, sessions, describeServer } = this.#context
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
      expires_in_ms: expiresInMs(session.identity, clock),
      ...describeServer(),
    }
    this.#reply(ref, response)
  }

  #dropSession(code: number): void {
    const { dispatch, sessions } = this.#context
    const session = this.#session
    if (!session) return
    if (this.#endedFor) return this.#endSession(this.#endedFor)
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
    observe(this.#hold(), this.#request.implicitTopic, this.#context.dispatch, (problem) => {
      this.send({ kind: 'fault', fault: problem })
      this.close(1008, problem.code)
    })
  }

  #heard(): void {
    this.#lastHeardMs = this.#context.clock.now()
    this.#askedMs = null
  }

  #refuse(decoded: DecodedClientMessage & { ok: false }): void {
    const { fault, replyTo } = decoded
    if (replyTo) this.send({ kind: 'reply', ...replyTo, status: 'error', fault })
    else this.send({ kind: 'fault', fault })
    this.#rated().offend(this.#lastHeardMs)
  }

  #rated(): Throttle {
    this.#throttle ??= new Throttle(this.#context.throttle, this)
    return this.#throttle
  }
}
