import {
  type ClientMessage,
  type DecodedClientMessage,
  type Fault,
  type Limits,
  limitFault,
  ROLLCALL_SYSTEM_TOPIC,
  type ServerMessage,
  type Topic,
} from '@rollcall/shared-protocol'
import type { ConnectionSlot } from '../admission/connection-slots'
import type { Identity } from '../identity/identity'
import { Packet } from '../io/packet'
import type { Wire, WireEvents } from '../io/wire'
import type { WriteScheduler } from '../io/write-scheduler'
import { type Logger, logFailure } from '../log'
import { checkLiveness, type HeartbeatOptions } from './heartbeat'
import { MessageLimiter, type MessageLimiterContext, type MessageLimiterEvents } from './message-limiter'
import { Outbox, type OutboxEvents, type OutboxOptions } from './outbox'
import type { MetaUpdate } from './pending-meta-change'
import type { PendingStateBudget } from './pending-state-budget'
import {
  type DisconnectReason,
  SessionBinding,
  type SessionBindingContext,
  type SessionBindingRequest,
  type SessionHolder,
} from './session-binding'

/*
 *  wire --onMessage--> size --> decode --> throttle --> hold --> dispatch --> channels
 *                                                         ^ waits while the store is asked for the session
 *  wire <---write----- outbox <-- encode <-- send --------+
 *                        ^------- deliver (encoded once for many)
 */

export interface ConnectionContext extends SessionBindingContext {
  readonly writeScheduler: WriteScheduler
  readonly log: Logger
  readonly limits: Limits
  readonly heartbeat: HeartbeatOptions
  readonly outbox: OutboxOptions
  readonly throttle: MessageLimiterContext
  /** What states may wait for the connections of one account. */
  readonly states: PendingStateBudget
  readonly onClosed: (connection: Connection) => void
}

export interface ConnectionRequest extends SessionBindingRequest {
  /** Released when the connection ends. */
  readonly seat: ConnectionSlot
}

/** The server's end of one transport. */
export class Connection implements WireEvents, OutboxEvents, MessageLimiterEvents, SessionHolder {
  readonly #wire: Wire
  readonly #request: ConnectionRequest
  readonly #context: ConnectionContext
  readonly #outbox: Outbox
  readonly #hold: SessionBinding
  /** Null where the connection has been quiet, and is as good as a new one. */
  #throttle: MessageLimiter | null = null
  #lastHeardMs: number
  #pingedAtMs: number | null = null
  /** Bytes that the peer had taken by the last sweep, and when any were taken last or nothing waited. */
  #sentBytes = 0
  #movedMs: number
  #isClosing = false
  /** How it is about to be lost, where that is not the peer's doing. */
  #loss: DisconnectReason | null = null

  constructor(wire: Wire, request: ConnectionRequest, context: ConnectionContext) {
    this.#wire = wire
    this.#request = request
    this.#context = context
    this.#lastHeardMs = context.clock.now()
    this.#movedMs = this.#lastHeardMs
    const { account } = request.seat
    const states = account === null ? null : { account, budget: context.states }
    this.#outbox = new Outbox(wire, context.writeScheduler, context.outbox, this, states)
    this.#hold = new SessionBinding(this, request, context)
    if (request.dialect.hasImplicitTopic) this.#hold.followImplicitTopic()
  }

  // --- WireEvents ------------------------------------------------------------------------------------------------

  /** A failure of ours ends this connection and nobody else's: uncaught, it would end the process. */
  onMessage(data: Buffer, isBinary: boolean, wireBytes: number): void {
    try {
      this.#receive(data, isBinary, wireBytes)
    } catch (error) {
      logFailure(this.#context.log, error, { sessionId: this.sessionId }, 'a message could not be taken')
      this.close(1011, 'internal error')
    }
  }

  onNonMessageBytes(bytes: number, isRefused: boolean): void {
    if (this.#isClosing) return
    const nowMs = this.#context.clock.now()
    if (isRefused) this.#rated().refused(bytes, nowMs)
    else this.#rated().spend(bytes, nowMs)
  }

  onPong(): void {
    this.#heard()
  }

  onDrain(): void {
    if (this.#outbox.onDrained()) this.#hold.session?.catchUp()
  }

  onClose(code: number, reason: string): void {
    const { log, onClosed } = this.#context
    this.#isClosing = true
    this.#request.seat.release()
    this.#throttle?.stop()
    this.#outbox.close()
    onClosed(this)
    log.debug({ sessionId: this.#hold.session?.id, code, reason }, 'connection closed')
    this.#hold.disconnect(code, this.#loss ?? 'closed')
  }

  // --- SessionHolder ---------------------------------------------------------------------------------------------

  send(message: ServerMessage): void {
    // Nothing is encoded for nobody.
    if (!this.#isClosing) this.deliver(new Packet(this.#request.dialect.encodeServer(message)))
  }

  get isClosing(): boolean {
    return this.#isClosing
  }

  get isCongested(): boolean {
    return this.#outbox.isCongested
  }

  canSendState(): boolean {
    return this.#outbox.canSendState()
  }

  deliver(packet: Packet): void {
    if (!this.#isClosing) this.#outbox.push(packet)
  }

  close(code: number, reason: string): void {
    if (this.#isClosing) return
    this.#isClosing = true
    if (code === 1012) this.#loss ??= 'drained'
    this.#outbox.flush()
    this.#wire.close(code, reason)
  }

  onViolation(): void {
    if (!this.#isClosing) this.#rated().countViolation(this.#context.clock.now())
  }

  // --- OutboxEvents ----------------------------------------------------------------------------------------------

  onOverflow(bufferedBytes: number): void {
    const { log, outbox } = this.#context
    log.warn(
      { sessionId: this.#hold.session?.id, bufferedBytes, hardLimitBytes: outbox.hardLimitBytes },
      'a peer reads too slowly and is cut off',
    )
    this.close(1013, 'reads too slowly')
  }

  onStateSpace(): void {
    // Never within a write, which may be a topic's own.
    this.#context.clock.soon(() => {
      if (!this.#isClosing) this.#hold.session?.catchUp()
    })
  }

  // --- ThrottleEvents --------------------------------------------------------------------------------------------

  isIn(topic: Topic): boolean {
    return this.#hold.session?.channels.has(topic) ?? false
  }

  onDue(update: MetaUpdate): void {
    if (!this.#isClosing) this.#hold.receive(update)
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
    this.#hold.kick(1008, 'abuse')
  }

  // --- heartbeat -------------------------------------------------------------------------------------------------

  /** To be called every sweep: asks a silent peer whether it is there, and ends a dead one, or one who is over. */
  sweep(nowMs: number): void {
    if (this.#throttle?.isIdle(nowMs)) this.#throttle = null
    if (!this.#isClosing && this.#hold.isOver) return this.#hold.expire()
    // Whoever takes what waits for it is there, however far behind: its pong comes after all of that.
    const { bufferedBytes, sentBytes } = this.#wire
    const hasMoved = sentBytes !== this.#sentBytes
    this.#sentBytes = sentBytes
    if (hasMoved && bufferedBytes > 0) this.#heard()
    if (hasMoved || bufferedBytes === 0) this.#movedMs = nowMs
    else if (nowMs - this.#movedMs >= this.#context.outbox.stallTimeoutMs) return this.#stalled(bufferedBytes)
    const silence = { lastHeardMs: this.#lastHeardMs, pingedAtMs: this.#pingedAtMs }
    switch (checkLiveness(silence, nowMs, this.#context.heartbeat)) {
      case 'fine':
        return
      case 'ask':
        this.#pingedAtMs = nowMs
        return this.#wire.ping()
      case 'dead':
        this.#loss = 'timeout'
        this.#wire.terminate()
    }
  }

  // --- the session -----------------------------------------------------------------------------------------------

  get identity(): Identity {
    return this.#hold.identity
  }

  /** Of the session that it holds, or is about to. */
  get sessionId(): string | null {
    return this.#hold.sessionId
  }

  /** Puts the peer out, and ends the session that it holds: nobody comes back to that. */
  kick(reason: string): void {
    this.#hold.kick(4002, reason)
  }

  // --- within ----------------------------------------------------------------------------------------------------

  #heard(): void {
    this.#lastHeardMs = this.#context.clock.now()
    this.#pingedAtMs = null
  }

  #receive(data: Buffer, isBinary: boolean, wireBytes: number): void {
    if (this.#isClosing) return
    this.#heard()
    // Whichever was more work: what was read, or what was made of it.
    const bytes = Math.max(data.length, wireBytes)
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
      return this.#rated().refused(bytes, this.#lastHeardMs)
    }
    const decoded = dialect.decodeClient(isBinary ? data : data.toString('utf8'), { limits, implicitTopic })
    if (!decoded.ok) this.#refuse(decoded, bytes)
    else if (this.#rated().takes(decoded.message, bytes, this.#lastHeardMs))
      this.#hold.receive(decoded.message)
  }

  #refuse(decoded: DecodedClientMessage & { ok: false }, bytes: number): void {
    const { fault, replyTo } = decoded
    if (replyTo) this.send({ kind: 'reply', ...replyTo, status: 'error', fault })
    else this.send({ kind: 'fault', fault })
    this.#rated().refused(bytes, this.#lastHeardMs)
  }

  /** Whatever the peer says meanwhile: what it does not read, this process has to hold. (S-49) */
  #stalled(bufferedBytes: number): void {
    if (this.#isClosing) return
    const { log, outbox } = this.#context
    log.warn(
      { sessionId: this.sessionId, bufferedBytes, stallTimeoutMs: outbox.stallTimeoutMs },
      'a peer reads nothing of what waits for it and is cut off',
    )
    this.close(1013, 'reads nothing')
  }

  #rated(): MessageLimiter {
    this.#throttle ??= new MessageLimiter(this.#context.throttle, this.#request.seat.account, this)
    return this.#throttle
  }
}
