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
 *  wire --onMessage--> size --> decode --> limiter --> binding --> dispatch --> channels
 *                                                         ^ queues while a session is being claimed
 *  wire <---write----- outbox <-- encode <-- send --------+
 *                        ^------- deliver (encoded once for many)
 */

export interface ConnectionContext extends SessionBindingContext {
  readonly writeScheduler: WriteScheduler
  readonly log: Logger
  readonly limits: Limits
  readonly heartbeat: HeartbeatOptions
  readonly outbox: OutboxOptions
  readonly limiter: MessageLimiterContext
  readonly states: PendingStateBudget
  readonly onClosed: (connection: Connection) => void
}

export interface ConnectionRequest extends SessionBindingRequest {
  /** Released when the connection ends. */
  readonly slot: ConnectionSlot
}

/** The server's side of one client connection. */
export class Connection implements WireEvents, OutboxEvents, MessageLimiterEvents, SessionHolder {
  readonly #wire: Wire
  readonly #request: ConnectionRequest
  readonly #context: ConnectionContext
  readonly #outbox: Outbox
  readonly #binding: SessionBinding
  /** Null while the connection has been quiet, so that a new limiter would behave the same. */
  #limiter: MessageLimiter | null = null
  #lastHeardMs: number
  #pingedAtMs: number | null = null
  /** The wire's count of sent bytes at the last sweep. */
  #sentBytes = 0
  /** When the peer last read something, or had nothing to read. */
  #lastReadMs: number
  #isClosing = false
  /** Why the server ends the connection; null if the client ends it. */
  #disconnectReason: DisconnectReason | null = null

  constructor(wire: Wire, request: ConnectionRequest, context: ConnectionContext) {
    this.#wire = wire
    this.#request = request
    this.#context = context
    this.#lastHeardMs = context.clock.now()
    this.#lastReadMs = this.#lastHeardMs
    const { account } = request.slot
    const states = account === null ? null : { account, budget: context.states }
    this.#outbox = new Outbox(wire, context.writeScheduler, context.outbox, this, states)
    this.#binding = new SessionBinding(this, request, context)
    if (request.dialect.hasImplicitTopic) this.#binding.followImplicitTopic()
  }

  // --- WireEvents ------------------------------------------------------------------------------------------------

  /** A failure in our code ends only this connection. Uncaught, it would end the process. */
  onMessage(data: Buffer, isBinary: boolean, wireBytes: number): void {
    try {
      this.#receive(data, isBinary, wireBytes)
    } catch (error) {
      logFailure(
        this.#context.log,
        error,
        { sessionId: this.sessionId },
        'could not handle a message; closing its connection',
      )
      this.close(1011, 'internal error')
    }
  }

  onNonMessageBytes(bytes: number, isRefused: boolean): void {
    if (this.#isClosing) return
    const nowMs = this.#context.clock.now()
    if (isRefused) this.#ensureLimiter().countRefused(bytes, nowMs)
    else this.#ensureLimiter().spend(bytes, nowMs)
  }

  onPong(): void {
    this.#noteActivity()
  }

  onDrain(): void {
    if (this.#outbox.onDrained()) this.#binding.session?.catchUp()
  }

  onClose(code: number, reason: string): void {
    const { log, onClosed } = this.#context
    this.#isClosing = true
    this.#request.slot.release()
    this.#limiter?.stop()
    this.#outbox.close()
    onClosed(this)
    log.debug({ sessionId: this.#binding.session?.id, code, reason }, 'connection closed')
    this.#binding.disconnect(code, this.#disconnectReason ?? 'closed')
  }

  // --- SessionHolder ---------------------------------------------------------------------------------------------

  send(message: ServerMessage): void {
    // A closing connection needs no encoding.
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
    if (code === 1012) this.#disconnectReason ??= 'drained'
    this.#outbox.flush()
    this.#wire.close(code, reason)
  }

  onViolation(): void {
    if (!this.#isClosing) this.#ensureLimiter().countViolation(this.#context.clock.now())
  }

  // --- OutboxEvents ----------------------------------------------------------------------------------------------

  onOverflow(bufferedBytes: number): void {
    const { log, outbox } = this.#context
    log.warn(
      { sessionId: this.#binding.session?.id, bufferedBytes, hardLimitBytes: outbox.hardLimitBytes },
      'closing a connection: its client reads too slowly',
    )
    this.close(1013, 'reads too slowly')
  }

  onStateSpace(): void {
    // Never during a write, as a topic may be sending.
    this.#context.clock.soon(() => {
      if (!this.#isClosing) this.#binding.session?.catchUp()
    })
  }

  // --- MessageLimiterEvents --------------------------------------------------------------------------------------

  isIn(topic: Topic): boolean {
    return this.#binding.session?.channels.has(topic) ?? false
  }

  onDue(update: MetaUpdate): void {
    if (!this.#isClosing) this.#binding.receive(update)
  }

  onThrottled(message: ClientMessage, problem: Fault): void {
    if (message.kind === 'appear' || message.kind === 'disappear')
      return this.send({ kind: 'fault', fault: problem })
    const joinRef = 'joinRef' in message ? message.joinRef : null
    const topic = 'topic' in message ? message.topic : ROLLCALL_SYSTEM_TOPIC
    this.send({ kind: 'reply', topic, ref: message.ref, joinRef, status: 'error', fault: problem })
  }

  /** Kicks the client. Its presences leave at once, without a grace. */
  onAbuse(): void {
    if (this.#isClosing) return
    const { log } = this.#context
    log.warn({ sessionId: this.sessionId }, 'closing a connection: too many of its messages were refused')
    this.#binding.kick(1008, 'abuse')
  }

  // --- heartbeat -------------------------------------------------------------------------------------------------

  /** Call it at every sweep. Pings a silent client, and ends the connection of a dead or expired one. */
  sweep(nowMs: number): void {
    if (this.#limiter?.isIdle(nowMs)) this.#limiter = null
    if (!this.#isClosing && this.#binding.isExpired) return this.#binding.expire()
    // A client that reads its backlog is alive, however far behind: its pong comes only after all of that.
    const { bufferedBytes, sentBytes } = this.#wire
    const hasRead = sentBytes !== this.#sentBytes
    this.#sentBytes = sentBytes
    if (hasRead && bufferedBytes > 0) this.#noteActivity()
    if (hasRead || bufferedBytes === 0) this.#lastReadMs = nowMs
    else if (nowMs - this.#lastReadMs >= this.#context.outbox.stallTimeoutMs)
      return this.#stalled(bufferedBytes)
    const activity = { lastHeardMs: this.#lastHeardMs, pingedAtMs: this.#pingedAtMs }
    switch (checkLiveness(activity, nowMs, this.#context.heartbeat)) {
      case 'alive':
        return
      case 'ping':
        this.#pingedAtMs = nowMs
        return this.#wire.ping()
      case 'dead':
        this.#disconnectReason = 'timeout'
        this.#wire.terminate()
    }
  }

  // --- the session -----------------------------------------------------------------------------------------------

  get identity(): Identity {
    return this.#binding.identity
  }

  /** The id of the session that it is bound to, or tries to claim. */
  get sessionId(): string | null {
    return this.#binding.sessionId
  }

  /** Closes the connection and ends its session, which cannot be resumed. */
  kick(reason: string): void {
    this.#binding.kick(4002, reason)
  }

  // --- messages --------------------------------------------------------------------------------------------------

  #noteActivity(): void {
    this.#lastHeardMs = this.#context.clock.now()
    this.#pingedAtMs = null
  }

  #receive(data: Buffer, isBinary: boolean, wireBytes: number): void {
    if (this.#isClosing) return
    this.#noteActivity()
    // The larger of both sizes, as it decides the work: the bytes on the wire, or the inflated message.
    const bytes = Math.max(data.length, wireBytes)
    const { limits } = this.#context
    const { dialect, implicitTopic } = this.#request
    if (data.length > limits.frameBytes) {
      const size = data.length
      const problem = limitFault(`The frame has ${size} bytes`, 'frameBytes', limits.frameBytes, size)
      this.send({ kind: 'fault', fault: problem })
      return this.#ensureLimiter().countRefused(bytes, this.#lastHeardMs)
    }
    const decoded = dialect.decodeClient(isBinary ? data : data.toString('utf8'), { limits, implicitTopic })
    if (!decoded.ok) this.#refuse(decoded, bytes)
    else if (this.#ensureLimiter().allow(decoded.message, bytes, this.#lastHeardMs))
      this.#binding.receive(decoded.message)
  }

  #refuse(decoded: DecodedClientMessage & { ok: false }, bytes: number): void {
    const { fault, replyTo } = decoded
    if (replyTo) this.send({ kind: 'reply', ...replyTo, status: 'error', fault })
    else this.send({ kind: 'fault', fault })
    this.#ensureLimiter().countRefused(bytes, this.#lastHeardMs)
  }

  /** Closes the connection even if the client still sends, as its unread bytes occupy memory. (S-49) */
  #stalled(bufferedBytes: number): void {
    if (this.#isClosing) return
    const { log, outbox } = this.#context
    log.warn(
      { sessionId: this.sessionId, bufferedBytes, stallTimeoutMs: outbox.stallTimeoutMs },
      'closing a connection: its client reads nothing',
    )
    this.close(1013, 'reads nothing')
  }

  #ensureLimiter(): MessageLimiter {
    this.#limiter ??= new MessageLimiter(this.#context.limiter, this.#request.slot.account, this)
    return this.#limiter
  }
}
