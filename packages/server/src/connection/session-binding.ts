import {
  type ClientMessage,
  type Dialect,
  type Fault,
  fault,
  type HelloMessage,
  type JsonObject,
  type LeaveReason,
  type MessageRef,
  type RefreshMessage,
  ROLLCALL_SYSTEM_TOPIC,
  type Topic,
} from '@rollcall/shared-protocol'
import type { ConnectionSlot } from '../admission/connection-slots'
import type { Outlet } from '../channel/channel-session'
import type { HandshakeCopy, PackedParams } from '../identity/handshake-copy'
import { expiresInMs, isExpired } from '../identity/identify'
import type { Identity } from '../identity/identity'
import type { Session, SessionRequest } from '../session/session'
import { type Resumed, type Sessions, sessionIdOf, UNLOADED_CODE } from '../session/sessions'
import { CredentialRefresh, type CredentialRefreshContext, type RefreshHolder } from './credential-refresh'
import { type DispatchContext, dispatch, observe } from './dispatch'

/*
 *   none --first message that needs one------> held --lose--> left to its grace
 *     |--hello, with a token of this node----> held --expire, kick--> ended
 *     `--hello, with another one-> waiting --> held, the store's or a new one
 */

export interface SessionBindingContext extends CredentialRefreshContext {
  readonly sessions: Sessions
  readonly dispatch: DispatchContext
  /** What of the server a native client is told in answer to its hello. */
  readonly describeServer: () => JsonObject
}

export interface SessionBindingRequest {
  readonly dialect: Dialect
  readonly identity: Identity
  readonly params: PackedParams
  /** What new credentials are looked at with. */
  readonly handshake: HandshakeCopy
  /** For a dialect whose messages name no topic. */
  readonly implicitTopic: Topic
  readonly seat: Pick<ConnectionSlot, 'account'>
}

/** The connection, as far as its session asks about it. */
export interface SessionHolder extends Outlet {
  readonly isClosing: boolean
  /** The message is not taken, and is to be answered so. */
  onThrottled(message: ClientMessage, problem: Fault): void
  /** What a message asked for was refused, as its client should have known. (S-37) */
  onViolation(): void
}

/** How a connection was lost: the peer closed it, was sent to another node, or was silent. */
export type DisconnectReason = 'closed' | 'drained' | 'timeout'

interface Disconnect {
  readonly code: number
  readonly reason: DisconnectReason
}

/** While the store is asked for a session. */
interface Waiting {
  readonly sessionId: string
  /** What came meanwhile. */
  readonly messages: ClientMessage[]
}

/** A connection's hold on its session, which it begins or takes over, until one of the two ends. */
export class SessionBinding implements RefreshHolder {
  readonly #holder: SessionHolder
  readonly #request: SessionBindingRequest
  readonly #context: SessionBindingContext
  #session: Session | null = null
  /** The session's generation that this connection holds. */
  #generation = -1
  /** What came while the store is asked for the session; null while it is not. */
  #waiting: Waiting | null = null
  #refreshes: CredentialRefresh | null = null
  /** Why this node ended the session; null while it has not. */
  #endedFor: 'expired' | 'kicked' | null = null
  /** Null while there is a connection. */
  #loss: Disconnect | null = null

  constructor(holder: SessionHolder, request: SessionBindingRequest, context: SessionBindingContext) {
    this.#holder = holder
    this.#request = request
    this.#context = context
  }

  /** Null until there is one. It may have gone over to another connection. */
  get session(): Session | null {
    return this.#session
  }

  /** Of the session that it holds, or is about to. */
  get sessionId(): string | null {
    return this.#session?.id ?? this.#waiting?.sessionId ?? null
  }

  get identity(): Identity {
    return this.#session?.identity ?? this.#request.identity
  }

  /** Whether what proved the identity is not taken any more. */
  get isOver(): boolean {
    return isExpired(this.identity, this.#context.clock)
  }

  /** Does what a message asks for, or has it wait while the store is asked for the session. */
  receive(message: ClientMessage): void {
    if (this.isOver) this.expire()
    else if (this.#waiting) this.#keepWaiting(message, this.#waiting.messages)
    else if (message.kind === 'hello') this.#hello(message)
    else if (message.kind === 'refresh') this.#refresh(message)
    else dispatch(this.#ensureSession(), message, this.#context.dispatch)
  }

  /** Makes it a member of the topic that its messages do not name. */
  followImplicitTopic(): void {
    const { implicitTopic } = this.#request
    observe(this.#ensureSession(), implicitTopic, this.#context.dispatch, (problem) => {
      this.#holder.send({ kind: 'fault', fault: problem })
      this.#holder.close(1008, problem.code)
    })
  }

  /** What proved the identity is over: the session ends, and the connection with it. (S-31) */
  expire(): void {
    this.#end('expired', 4004, 'expired')
  }

  /** Puts the peer out, and ends the session: nobody comes back to that. */
  kick(code: number, reason: string): void {
    this.#end('kicked', code, reason)
  }

  /** The connection has ended: the session waits for another one, if its client can come back. */
  disconnect(code: number, reason: DisconnectReason): void {
    this.#loss = { code, reason }
    this.#drop(this.#loss)
  }

  // --- RefreshHolder ---------------------------------------------------------------------------------------------

  get held(): Session | null {
    return this.#holder.isClosing || this.#session?.generation !== this.#generation ? null : this.#session
  }

  onRefreshed(ref: MessageRef, response: JsonObject): void {
    this.#reply(ref, response)
  }

  onRefreshRefused(ref: MessageRef, problem: Fault, isOffence: boolean): void {
    const head = { kind: 'reply', topic: ROLLCALL_SYSTEM_TOPIC, ref, joinRef: null } as const
    this.#holder.send({ ...head, status: 'error', fault: problem })
    if (isOffence) this.#holder.onViolation()
  }

  // --- within ----------------------------------------------------------------------------------------------------

  /** Goes on with an earlier session, or begins one. What comes while the store is asked for it waits, in its order. */
  #hello(message: HelloMessage): void {
    const { sessions } = this.#context
    const { token, instance } = message
    // A token is taken only before anything else was said: afterwards this connection has a session.
    if (token === undefined || this.#session) return this.#replyToHello(message, null)
    const resumed = sessions.resume(token, instance, this.#sessionRequest())
    if (resumed || !sessions.isShared) return this.#replyToHello(message, resumed)
    this.#waiting = { sessionId: sessionIdOf(token), messages: [] }
    void sessions.resumeByClaim(token, instance, this.#sessionRequest()).then((found) => {
      const waiting = this.#waiting?.messages ?? []
      this.#waiting = null
      if (found || this.#loss === null) this.#replyToHello(message, found)
      if (this.#loss !== null) return this.#drop(this.#loss)
      for (const each of waiting) {
        // Any of them may have ended it: what comes after a goodbye would be of nobody.
        if (this.#holder.isClosing) return
        this.receive(each)
      }
    })
  }

  #keepWaiting(message: ClientMessage, waiting: ClientMessage[]): void {
    const { maxWaitingMessages } = this.#context.dispatch.services
    if (waiting.length < maxWaitingMessages) return void waiting.push(message)
    const text = `${maxWaitingMessages} messages wait for the session already (server option maxWaitingMessages).`
    this.#holder.onThrottled(message, fault('throttled', text, { retryAfterMs: 1000 }))
  }

  /** Tells the client who it is. */
  #replyToHello({ ref, instance }: HelloMessage, resumed: Resumed | null): void {
    const { clock, sessions, describeServer } = this.#context
    if (resumed) {
      this.#session = resumed.session
      this.#generation = resumed.session.generation
    }
    const session = this.#ensureSession()
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

  #refresh(message: RefreshMessage): void {
    this.#ensureSession()
    this.#refreshes ??= new CredentialRefresh(this.#request.handshake, this.#context, this)
    this.#refreshes.take(message)
  }

  #reply(ref: MessageRef, response: JsonObject): void {
    const head = { kind: 'reply', topic: ROLLCALL_SYSTEM_TOPIC, ref, joinRef: null } as const
    this.#holder.send({ ...head, status: 'ok', response })
  }

  /** The session, begun with the first message that needs one. */
  #ensureSession(): Session {
    if (!this.#session) {
      this.#session = this.#context.sessions.create(this.#sessionRequest())
      this.#generation = this.#session.generation
    }
    return this.#session
  }

  #sessionRequest(): SessionRequest {
    const { identity, dialect, params, seat } = this.#request
    return { identity, dialect, params, outlet: this.#holder, account: seat.account }
  }

  #end(leave: 'expired' | 'kicked', code: number, reason: string): void {
    this.#endedFor = leave
    this.#holder.close(code, reason)
    this.#endSession(leave)
  }

  #endSession(leave: LeaveReason): void {
    const session = this.#session
    if (!session) return
    this.#context.dispatch.names.endAll(session, leave)
    session.end(leave)
  }

  #drop({ code, reason }: Disconnect): void {
    const { dispatch, sessions } = this.#context
    const session = this.#session
    if (!session) return
    if (this.#endedFor) return this.#endSession(this.#endedFor)
    dispatch.names.endAll(session, reason)
    const graceMs = sessions.graceFor(session, code)
    // A session that is waited for in vain has timed out; a page that was unloaded has closed.
    session.disconnect(this.#generation, graceMs > 0 && code !== UNLOADED_CODE ? 'timeout' : reason, graceMs)
  }
}
