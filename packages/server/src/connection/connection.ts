import {
  type DecodedClientMessage,
  type Dialect,
  type Frame,
  type LeaveReason,
  type Limits,
  limitFault,
  type ServerMessage,
  type Topic,
} from '@rollcall/shared-protocol'
import type { Outlet as ChannelOutlet } from '../channel/host'
import type { Clock } from '../io/clock'
import type { Tick } from '../io/tick'
import type { Wire, WireEvents } from '../io/wire'
import type { Logger } from '../log'
import type { Identity } from '../session/identity'
import { Session } from '../session/session'
import { type DispatchContext, dispatch, observe } from './dispatch'
import { type HeartbeatOptions, judgeSilence } from './heartbeat'
import { Outbox } from './outbox'

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
  readonly dispatch: DispatchContext
  /** Bytes that may wait for a slow reader before it is cut off with 1013. */
  readonly maxBufferedBytes: number
  readonly onClosed: (connection: Connection) => void
}

export interface ConnectionRequest {
  readonly dialect: Dialect
  readonly identity: Identity
  readonly sessionId: string
  readonly params: ReadonlyMap<string, string>
  /** For a dialect whose messages name no topic. */
  readonly implicitTopic: Topic
}

/** The server's end of one transport. */
export class Connection implements WireEvents, ChannelOutlet {
  readonly dialect: Dialect
  readonly session: Session
  readonly #wire: Wire
  readonly #context: ConnectionContext
  readonly #outbox: Outbox
  readonly #implicitTopic: Topic
  #lastHeardMs: number
  #askedMs: number | null = null
  /** Why the presences leave when the wire is gone. */
  #reason: LeaveReason = 'closed'
  #isClosing = false

  constructor(wire: Wire, request: ConnectionRequest, context: ConnectionContext) {
    this.dialect = request.dialect
    this.#wire = wire
    this.#context = context
    this.#implicitTopic = request.implicitTopic
    this.#lastHeardMs = context.clock.now()
    this.#outbox = new Outbox(wire, context.tick, context.maxBufferedBytes, (bytes) => this.#overflow(bytes))
    this.session = new Session(request.sessionId, request.identity, request.params, this)
    if (request.dialect.hasImplicitTopic) {
      const problem = observe(this.session, request.implicitTopic, context.dispatch)
      if (problem) {
        this.send({ kind: 'fault', fault: problem })
        this.close(1008, problem.code)
      }
    }
  }

  // --- WireEvents ------------------------------------------------------------------------------------------------

  onMessage(data: Buffer, isBinary: boolean): void {
    this.#heard()
    if (this.#isClosing) return
    const { limits } = this.#context
    if (data.length > limits.frameBytes) {
      const problem = limitFault(
        `The frame has ${data.length} bytes`,
        'frameBytes',
        limits.frameBytes,
        data.length,
      )
      return this.send({ kind: 'fault', fault: problem })
    }
    const frame = isBinary ? data : data.toString('utf8')
    const decoded = this.dialect.decodeClient(frame, { limits, implicitTopic: this.#implicitTopic })
    if (decoded.ok) dispatch(this.session, decoded.message, this.#context.dispatch)
    else this.#refuse(decoded)
  }

  onPong(): void {
    this.#heard()
  }

  onClose(code: number, reason: string): void {
    const { log, dispatch, onClosed } = this.#context
    this.#isClosing = true
    log.debug({ sessionId: this.session.id, code, reason }, 'connection closed')
    dispatch.names.endAll(this.session, this.#reason === 'timeout' ? 'timeout' : 'closed')
    this.session.end(this.#reason)
    onClosed(this)
  }

  // --- Outlet ----------------------------------------------------------------------------------------------------

  send(message: ServerMessage): void {
    this.deliver(this.dialect.encodeServer(message))
  }

  deliver(frames: readonly Frame[]): void {
    if (!this.#isClosing) this.#outbox.push(frames)
  }

  close(code: number, reason: string): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#outbox.onTick()
    this.#wire.close(code, reason)
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
        this.#reason = 'timeout'
        this.#wire.terminate()
    }
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

  #overflow(bufferedBytes: number): void {
    const { log, maxBufferedBytes } = this.#context
    log.warn(
      { sessionId: this.session.id, bufferedBytes, maxBufferedBytes },
      'a peer reads too slowly and is cut off',
    )
    this.close(1013, 'reads too slowly')
  }
}
