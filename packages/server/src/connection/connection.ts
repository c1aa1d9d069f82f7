import {
  type DecodedClientMessage,
  type Dialect,
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
import type { Sessions } from '../session/sessions'
import { type DispatchContext, dispatch, observe } from './dispatch'
import { type HeartbeatOptions, judgeSilence } from './heartbeat'
import { Outbox, type OutboxEvents, type OutboxOptions } from './outbox'

/*
 *  wire --onMessage--> size --> decode --> dispatch --> channels
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
  #isDead = false
  #isClosing = false

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
    else if (decoded.message.kind === 'hello') this.#hello(decoded.message)
    else dispatch(this.#hold(), decoded.message, this.#context.dispatch)
  }

  onPong(): void {
    this.#heard()
  }

  onDrain(): void {
    if (this.#outbox.drained()) this.#session?.catchUp()
  }

  onClose(code: number, reason: string): void {
    const { log, dispatch, sessions, onClosed } = this.#context
    this.#isClosing = true
    onClosed(this)
    const session = this.#session
    if (!session) return
    log.debug({ sessionId: session.id, code, reason }, 'connection closed')
    dispatch.names.endAll(session, this.#isDead ? 'timeout' : 'closed')
    const graceMs = sessions.graceFor(session, code)
    // Who is waited for in vain has timed out; a page that went away has closed.
    const leave = this.#isDead || (graceMs > 0 && code !== 1001) ? 'timeout' : 'closed'
    session.drop(this.#generation, leave, graceMs)
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

  /** Goes on with an earlier session, or begins one, and tells the client who it is. */
  #hello({ ref, token, instance }: HelloMessage): void {
    const { sessions, describeServer } = this.#context
    // A token is taken only before anything else was said: afterwards this connection has a session.
    const resumed =
      token !== undefined && !this.#session ? sessions.resume(token, instance, this.#sessionRequest()) : null
    if (resumed) {
      this.#session = resumed.session
      this.#generation = resumed.session.generation
    }
    const session = this.#hold()
    session.nameInstance(instance)
    const response: JsonObject = {
      session: session.id,
      token: resumed?.token ?? sessions.issueToken(session),
      resumed: resumed !== null,
      identity: { id: session.identity.id },
      ...describeServer(),
    }
    this.send({ kind: 'reply', topic: ROLLCALL_SYSTEM_TOPIC, ref, joinRef: null, status: 'ok', response })
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
