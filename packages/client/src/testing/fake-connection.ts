import {
  type ClientMessage,
  checkBytes,
  type Fault,
  type Frame,
  fault,
  field,
  isErrorCode,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type Key,
  type LeaveReason,
  type Limits,
  type MessageRef,
  mergePatch,
  type PresenceRef,
  ROLLCALL_SYSTEM_TOPIC,
  rollcallDialect,
  type ServerMessage,
  type Topic,
  WIRE_REVISION,
} from '@rollcall/shared-protocol'
import { inMicrotask } from '../async/timer'
import type { TransportListener } from '../io/transport'
import type { FakeRefreshes, FakeRefusal } from './fake-credentials'
import type { FakeTopic } from './fake-topic'

/** The reply of a fake server to a push: `ok`, an error with a reason, or no reply (`silence`). */
export type FakeAnswer = { readonly ok: JsonValue } | { readonly error: string } | 'silence'

/** The server as a connection sees it. */
export interface FakeHost {
  readonly limits: Limits
  readonly refreshes: FakeRefreshes
  topic(topic: Topic): FakeTopic
  refusalOf(topic: Topic): FakeRefusal | undefined
  joined(topic: Topic, payload: JsonObject): void
  pushed(topic: Topic, event: string, payload: JsonValue, from: Key): FakeAnswer
  ended(connection: FakeConnection): void
}

type InTopicMessage = Extract<ClientMessage, { kind: 'leave' | 'push' | 'update' | 'patch' | 'sync' }>

interface FakeMembership {
  readonly joinRef: MessageRef
  readonly ref: PresenceRef
}

/** The server's end of one client's connection. */
export class FakeConnection {
  readonly #host: FakeHost
  readonly #listener: TransportListener
  readonly #sessionId: string
  readonly #identity: Key
  readonly #memberships = new Map<Topic, FakeMembership>()
  #isOpen = true
  /** Whether it reads and sends nothing, as after somebody pulled a cable. */
  isFrozen = false

  constructor(host: FakeHost, listener: TransportListener, sessionId: string, identity: Key) {
    this.#host = host
    this.#listener = listener
    this.#sessionId = sessionId
    this.#identity = identity
  }

  open(): void {
    inMicrotask(() => {
      if (this.#isOpen) this.#listener.onOpen()
    })
  }

  joinRefOf(topic: Topic): MessageRef | undefined {
    return this.#memberships.get(topic)?.joinRef
  }

  send(message: ServerMessage): void {
    for (const frame of rollcallDialect.encodeServer(message)) this.sendRaw(frame)
  }

  sendRaw(frame: Frame): void {
    if (this.isFrozen) return
    inMicrotask(() => {
      if (this.#isOpen) this.#listener.onFrame(frame)
    })
  }

  /** Ends the connection. Reports the end to the client if `close` is not null. */
  end(
    close: { readonly code: number; readonly reason: string } | null,
    reason: LeaveReason = 'closed',
  ): void {
    if (!this.#isOpen) return
    inMicrotask(() => {
      if (!this.#isOpen) return
      this.#isOpen = false
      if (close) this.#listener.onClose(close.code, close.reason)
    })
    this.#host.ended(this)
    this.leaveAll(reason)
  }

  leaveAll(reason: LeaveReason): void {
    for (const topic of [...this.#memberships.keys()]) this.#untrack(topic, reason)
  }

  receive(frame: Frame): void {
    if (!this.#isOpen || this.isFrozen) return
    const decoded = rollcallDialect.decodeClient(frame, { limits: this.#host.limits, implicitTopic: '' })
    if (decoded.ok) this.#handle(decoded.message)
    else if (decoded.replyTo)
      this.send({ kind: 'reply', status: 'error', ...decoded.replyTo, fault: decoded.fault })
    else this.send({ kind: 'fault', fault: decoded.fault })
  }

  /** Ends the membership, and sends that to the client. */
  close(topic: Topic, reason: LeaveReason | 'replaced' | 'kicked'): void {
    const joinRef = this.joinRefOf(topic)
    if (joinRef === undefined) return
    this.#untrack(topic, reason)
    this.send({ kind: 'channel_closed', topic, joinRef, response: { reason } })
  }

  #handle(message: ClientMessage): void {
    switch (message.kind) {
      case 'hello':
        return this.#accept(message, ROLLCALL_SYSTEM_TOPIC, {
          session: this.#sessionId,
          identity: { id: this.#identity },
          expires_in_ms: this.#host.refreshes.expiresInMs,
          wire: WIRE_REVISION,
          ping_interval_ms: 30_000,
          pong_timeout_ms: 10_000,
          limits: { ...this.#host.limits },
        })
      case 'goodbye':
        this.leaveAll('left')
        return this.#accept(message, ROLLCALL_SYSTEM_TOPIC)
      case 'heartbeat':
        return this.#accept(message, message.topic)
      case 'refresh':
        return this.#refresh(message)
      case 'join':
        return this.#join(message)
      case 'leave':
      case 'push':
      case 'update':
      case 'patch':
      case 'sync':
        return this.#handleInTopic(message)
      case 'appear':
      case 'disappear':
        return
    }
  }

  #refresh({ ref, params, token }: Extract<ClientMessage, { kind: 'refresh' }>): void {
    const answer = this.#host.refreshes.receive({ params, token: token ?? null }, this.#identity)
    if (answer === 'silence') return
    if ('ok' in answer) return this.#accept({ ref }, ROLLCALL_SYSTEM_TOPIC, answer.ok)
    const { reason, retryAfterMs } = answer
    this.#refuse({ ref, joinRef: null, topic: ROLLCALL_SYSTEM_TOPIC }, faultOf(reason, retryAfterMs))
  }

  #handleInTopic(message: InTopicMessage): void {
    const membership = this.#memberships.get(message.topic)
    if (!membership || membership.joinRef !== message.joinRef) {
      return this.#refuse(message, fault('not_joined', `Join "${message.topic}" first.`))
    }
    const topic = this.#host.topic(message.topic)
    switch (message.kind) {
      case 'leave':
        this.#accept(message, message.topic)
        return this.close(message.topic, 'left')
      case 'push': {
        const answer = this.#host.pushed(
          message.topic,
          message.event,
          message.payload as JsonValue,
          this.#identity,
        )
        if (answer === 'silence') return
        if ('ok' in answer) return this.#accept(message, message.topic, answer.ok)
        return this.#refuse(message, faultOf(answer.error))
      }
      case 'update':
      case 'patch': {
        const held = topic.get(membership.ref)?.meta ?? {}
        const meta = message.kind === 'update' ? message.meta : mergePatch(held, message.patch)
        const problem = this.#checkMeta(meta)
        if (problem) return this.#refuse(message, problem)
        topic.update(membership.ref, meta)
        return this.#accept(message, message.topic)
      }
      case 'sync':
        this.#accept(message, message.topic)
        this.send({ kind: 'state', topic: message.topic, joinRef: message.joinRef, snapshot: topic.snapshot })
    }
  }

  #join(message: Extract<ClientMessage, { kind: 'join' }>): void {
    const { topic: name, joinRef, payload } = message
    this.#host.joined(name, payload)
    const refusal = this.#host.refusalOf(name)
    if (refusal) return this.#refuse(message, faultOf(refusal.reason, refusal.retryAfterMs))
    const metaField = field(payload, 'meta')
    const meta = isJsonObject(metaField) ? metaField : {}
    const problem = this.#checkMeta(meta)
    if (problem) return this.#refuse(message, problem)
    this.close(name, 'replaced')
    const topic = this.#host.topic(name)
    // Joins before it becomes a member, so it gets the snapshot and not also the diff.
    const ref = topic.join(this.#identity, meta)
    this.#memberships.set(name, { joinRef, ref })
    this.#accept(message, name)
    this.send({ kind: 'state', topic: name, joinRef, snapshot: topic.snapshot })
  }

  #untrack(name: Topic, reason: LeaveReason): void {
    const membership = this.#memberships.get(name)
    if (!membership) return
    this.#memberships.delete(name)
    this.#host.topic(name).leave([membership.ref], reason)
  }

  #checkMeta(meta: JsonObject): Fault | null {
    return checkBytes('The meta', JSON.stringify(meta), 'metaBytes', this.#host.limits)
  }

  #accept(message: { ref: MessageRef; joinRef?: MessageRef }, topic: Topic, response: JsonValue = {}): void {
    this.send({
      kind: 'reply',
      status: 'ok',
      topic,
      ref: message.ref,
      joinRef: message.joinRef ?? null,
      response,
    })
  }

  #refuse(message: { ref: MessageRef; joinRef: MessageRef; topic: Topic }, problem: Fault): void {
    const { topic, ref, joinRef } = message
    this.send({ kind: 'reply', status: 'error', topic, ref, joinRef, fault: problem })
  }
}

/** A reason of the protocol keeps its meaning. Any other is a reason of the application. */
function faultOf(reason: string, retryAfterMs?: number): Fault {
  const more = retryAfterMs === undefined ? {} : { retryAfterMs }
  const message = `The fake server refuses this with "${reason}", as the test asked.`
  return isErrorCode(reason) ? fault(reason, message, more) : fault('refused', message, { ...more, reason })
}
