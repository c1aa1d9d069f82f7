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
import type { Clock } from '../io/clock'
import type { Session, SessionRequest } from '../session/session'
import { type Resumed, type Sessions, sessionIdOf, UNLOADED_CODE } from '../session/sessions'
import { CredentialRefresh, type Identify, type RefreshHolder } from './credential-refresh'
import { type DispatchContext, dispatch, followTopic } from './dispatch'

/*
 *   none --first message that needs a session--> bound --disconnect--> the session waits out its grace
 *     |--hello with a token of this node-------> bound --expire, kick--> ended
 *     `--hello with another token--> waiting --> bound, to the claimed session or a new one
 */

export interface SessionBindingContext {
  readonly clock: Clock
  readonly identify: Identify
  readonly sessions: Sessions
  readonly dispatch: DispatchContext
  /** Facts about the server in the reply to a native client's hello. */
  readonly describeServer: () => JsonObject
}

export interface SessionBindingRequest {
  readonly dialect: Dialect
  readonly identity: Identity
  readonly params: PackedParams
  /** The handshake that refreshed credentials are checked with. */
  readonly handshake: HandshakeCopy
  /** The topic of a dialect whose messages name none. */
  readonly implicitTopic: Topic
  readonly slot: Pick<ConnectionSlot, 'account'>
}

/** The connection, as its session uses it. */
export interface SessionHolder extends Outlet {
  readonly isClosing: boolean
  /** Replies to a refused message. */
  onThrottled(message: ClientMessage, problem: Fault): void
  /** Counts a violation: a refused message that a correct client would not have sent. (S-37) */
  onViolation(): void
}

/** Why a connection ended: the client closed it, the server shut down, or the client was silent. */
export type DisconnectReason = 'closed' | 'drained' | 'timeout'

interface Disconnect {
  readonly code: number
  readonly reason: DisconnectReason
}

/** A claim of a session that the store has not decided yet. */
interface Waiting {
  readonly sessionId: string
  /** Messages that came meanwhile. */
  readonly messages: ClientMessage[]
}

/** Binds a connection to the session that it starts or resumes, until one of the two ends. */
export class SessionBinding implements RefreshHolder {
  readonly #holder: SessionHolder
  readonly #request: SessionBindingRequest
  readonly #context: SessionBindingContext
  #session: Session | null = null
  /** The session's generation for this connection. An older one no longer holds the session. */
  #generation = -1
  #waiting: Waiting | null = null
  #refresh: CredentialRefresh | null = null
  /** Why this connection ended the session; null if it has not. */
  #endedFor: 'expired' | 'kicked' | null = null
  /** Null while the connection is open. */
  #disconnect: Disconnect | null = null

  constructor(holder: SessionHolder, request: SessionBindingRequest, context: SessionBindingContext) {
    this.#holder = holder
    this.#request = request
    this.#context = context
  }

  /** Null before the first message that needs one. Another connection may have resumed it since. */
  get session(): Session | null {
    return this.#session
  }

  /** The id of the session that it is bound to, or tries to claim. */
  get sessionId(): string | null {
    return this.#session?.id ?? this.#waiting?.sessionId ?? null
  }

  get identity(): Identity {
    return this.#session?.identity ?? this.#request.identity
  }

  /** Whether the credentials have expired. */
  get isExpired(): boolean {
    return isExpired(this.identity, this.#context.clock)
  }

  /** Handles a message, or queues it while the session is being claimed. */
  receive(message: ClientMessage): void {
    if (this.isExpired) this.expire()
    else if (this.#waiting) this.#queue(message, this.#waiting.messages)
    else if (message.kind === 'hello') this.#hello(message)
    else if (message.kind === 'refresh') this.#refreshCredentials(message)
    else dispatch(this.#ensureSession(), message, this.#context.dispatch)
  }

  /** Subscribes the connection to the implicit topic. Refused connections are closed with 1008. */
  followImplicitTopic(): void {
    const { implicitTopic } = this.#request
    followTopic(this.#ensureSession(), implicitTopic, this.#context.dispatch, (problem) => {
      this.#holder.send({ kind: 'fault', fault: problem })
      this.#holder.close(1008, problem.code)
    })
  }

  /** The credentials have expired: ends the session and closes the connection. (S-31) */
  expire(): void {
    this.#end('expired', 4004, 'expired')
  }

  /** Ends the session and closes the connection. The session cannot be resumed. */
  kick(code: number, reason: string): void {
    this.#end('kicked', code, reason)
  }

  /** The connection has ended. The session waits out its grace if a client can resume it. */
  disconnect(code: number, reason: DisconnectReason): void {
    this.#disconnect = { code, reason }
    this.#leaveSession(this.#disconnect)
  }

  // --- RefreshHolder ---------------------------------------------------------------------------------------------

  get heldSession(): Session | null {
    return this.#holder.isClosing || this.#session?.generation !== this.#generation ? null : this.#session
  }

  onRefreshed(ref: MessageRef, response: JsonObject): void {
    this.#reply(ref, response)
  }

  onRefreshRefused(ref: MessageRef, problem: Fault, isViolation: boolean): void {
    const head = { kind: 'reply', topic: ROLLCALL_SYSTEM_TOPIC, ref, joinRef: null } as const
    this.#holder.send({ ...head, status: 'error', fault: problem })
    if (isViolation) this.#holder.onViolation()
  }

  // --- hello -----------------------------------------------------------------------------------------------------

  /** Resumes a session or starts one. Messages that come while a session is being claimed wait in order. */
  #hello(message: HelloMessage): void {
    const { sessions } = this.#context
    const { token, instance } = message
    // A token counts only in the first message: after that, this connection has a session already.
    if (token === undefined || this.#session) return this.#replyToHello(message, null)
    const resumed = sessions.resume(token, instance, this.#sessionRequest())
    if (resumed || !sessions.isShared) return this.#replyToHello(message, resumed)
    this.#waiting = { sessionId: sessionIdOf(token), messages: [] }
    void sessions.resumeByClaim(token, instance, this.#sessionRequest()).then((found) => {
      const waiting = this.#waiting?.messages ?? []
      this.#waiting = null
      if (found || this.#disconnect === null) this.#replyToHello(message, found)
      if (this.#disconnect !== null) return this.#leaveSession(this.#disconnect)
      for (const each of waiting) {
        // Each of them may end the connection: messages after a goodbye must not start another session.
        if (this.#holder.isClosing) return
        this.receive(each)
      }
    })
  }

  #queue(message: ClientMessage, waiting: ClientMessage[]): void {
    const { maxWaitingMessages } = this.#context.dispatch.services
    if (waiting.length < maxWaitingMessages) return void waiting.push(message)
    const text = `${maxWaitingMessages} messages are already waiting for the session (server option maxWaitingMessages). Try again later.`
    this.#holder.onThrottled(message, fault('throttled', text, { retryAfterMs: 1000 }))
  }

  /** Replies with the session, its token and the identity. */
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

  #refreshCredentials(message: RefreshMessage): void {
    this.#ensureSession()
    const { clock, identify } = this.#context
    this.#refresh ??= new CredentialRefresh(this.#request.handshake, clock, identify, this)
    this.#refresh.receive(message)
  }

  #reply(ref: MessageRef, response: JsonObject): void {
    const head = { kind: 'reply', topic: ROLLCALL_SYSTEM_TOPIC, ref, joinRef: null } as const
    this.#holder.send({ ...head, status: 'ok', response })
  }

  /** The session, started by the first message that needs one. */
  #ensureSession(): Session {
    if (!this.#session) {
      this.#session = this.#context.sessions.create(this.#sessionRequest())
      this.#generation = this.#session.generation
    }
    return this.#session
  }

  #sessionRequest(): SessionRequest {
    const { identity, dialect, params, slot } = this.#request
    return { identity, dialect, params, outlet: this.#holder, account: slot.account }
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

  #leaveSession({ code, reason }: Disconnect): void {
    const { dispatch, sessions } = this.#context
    const session = this.#session
    if (!session) return
    if (this.#endedFor) return this.#endSession(this.#endedFor)
    dispatch.names.endAll(session, reason)
    const graceMs = sessions.graceFor(session, code)
    // If no client resumes the session in time, its presences leave with `timeout`; after a page unload, with `closed`.
    session.disconnect(this.#generation, graceMs > 0 && code !== UNLOADED_CODE ? 'timeout' : reason, graceMs)
  }
}
