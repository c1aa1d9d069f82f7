import {
  type Dialect,
  type Fault,
  type Frame,
  fault,
  faultBody,
  type JoinMessage,
  type JsonObject,
  type Key,
  type LeaveReason,
  type MessageRef,
  type Meta,
  type PatchMessage,
  type Payload,
  type Position,
  type Presence,
  type PushMessage,
  type Topic,
  type UpdateMessage,
} from '@rollcall/shared-protocol'
import type { Member } from '../presence/members'
import type { Owner } from '../presence/owned'
import { refuseReserved } from '../presence/refuse-reserved'
import type { Registry, RegistryDiff, TrackResult } from '../presence/registry'
import type { Identity } from '../session/identity'
import type { Call } from './compose'
import type { ChannelContext } from './context'
import type { ResolvedChannel } from './define-channel'
import type { ChannelHost } from './host'
import { Refusal, type Reply } from './reply'
import { isPromise, type RunCallContext, runCall } from './run-call'
import { SerialQueue } from './serial-queue'

/*
 *   join() --refused--> gone
 *     |  handler said yes
 *   attaching --flush--> reply ok, state --> joined --leave, end, replaced--> gone
 *
 * One session's membership of one topic. What the client sends is taken one by one in its order; what comes while the
 * join is under way waits for it, so that a client need not wait for the reply before it goes on.
 */

export interface ChannelServices extends RunCallContext {
  readonly registry: Registry
  /** Messages of one channel that wait for the one before them. */
  readonly maxWaitingMessages: number
}

/** Who the channel acts for, where that is not the session itself. */
export interface ActingAs {
  readonly owner: Owner
  readonly identity: Identity
}

/** How a session comes to join. */
export interface JoinCircumstances {
  /** It was in the topic already, under an older join. */
  readonly isRejoin: boolean
  /** Its page was loaded anew and took the session over, so that nobody saw it leave. */
  readonly isResumed: boolean
}

export type ChannelMessage = PushMessage | UpdateMessage | PatchMessage

export class Channel implements Member, ChannelContext {
  readonly topic: Topic
  readonly identity: Identity
  readonly #session: ChannelHost
  readonly #definition: ResolvedChannel
  readonly #services: ChannelServices
  readonly #owner: Owner
  readonly #queue: SerialQueue
  #joinRef: MessageRef
  #isGone = false
  #isAsleep = false
  #isResumed = false
  /** Whether the topic tells it what happens: from the flush that let it in until it sleeps or is gone. */
  #isAdmitted = false
  #hasTracked = false
  /** What the join was answered with; a session that comes back is answered with it again. */
  #response: Payload = {}
  /** Ends the wait for the flush that is to let the channel in. */
  #endAttach: (() => void) | null = null
  /** The join with which the client claimed it when it last came back. */
  #claim: JoinMessage | null = null

  constructor(
    session: ChannelHost,
    definition: ResolvedChannel,
    topic: Topic,
    joinRef: MessageRef,
    services: ChannelServices,
    actingAs?: ActingAs,
  ) {
    this.topic = topic
    this.#joinRef = joinRef
    this.identity = actingAs?.identity ?? session.identity
    this.#owner = actingAs?.owner ?? session.id
    this.#session = session
    this.#definition = definition
    this.#services = services
    this.#queue = new SerialQueue(services.maxWaitingMessages)
  }

  // --- the life of a membership ------------------------------------------------------------------------------

  /** Of the join that the client knows it by. */
  get joinRef(): MessageRef {
    return this.#joinRef
  }

  /** Whether it is kept for a session that has no connection, or has not claimed it since it came back. */
  get isAsleep(): boolean {
    return this.#isAsleep
  }

  /** Joins, and answers `message`. If it takes over from an older join and tracks nothing, the older one's presence goes. */
  join(message: JoinMessage, { isRejoin, isResumed }: JoinCircumstances, onRefused: () => void): void {
    this.#isResumed = isResumed
    this.#queue.push(async () => {
      const reply = await this.#runJoin(message.payload)
      if (this.#isGone) return
      if (isRejoin && !this.#hasTracked) this.#untrack('replaced')
      if (reply instanceof Refusal) {
        this.end('left')
        onRefused()
        this.#answer(message.ref, reply)
        if (this.#claim) this.#answer(this.#claim.ref, reply)
        return
      }
      this.#response = reply ?? {}
      await this.#attach(message)
    })
  }

  /**
   * Its session has lost its connection: it is told nothing more, and keeps its presence. The application is not
   * told, as nothing has happened that anybody should see. (S-6)
   */
  sleep(): void {
    if (this.#isGone || this.#isAsleep) return
    this.#isAsleep = true
    this.#isAdmitted = false
    this.#services.registry.detach(this.topic, this)
    this.#endAttach?.()
  }

  /** The session is back and joins again: it goes on where it was, without the application's `join`. */
  wake(message: JoinMessage): void {
    this.#isAsleep = false
    this.#joinRef = message.joinRef ?? message.ref
    this.#claim = message
    const isTaken = this.#queue.push(() => this.#attach(message))
    if (!isTaken) this.#answer(message.ref, this.#tooManyWaiting())
  }

  /** Follows the topic without a join: told of everything, present under no name. */
  observe(): void {
    const hub = this.#services.registry.hub(this.topic)
    hub.attach(this, { onAdmitted: null, withState: false, since: null })
    hub.announceOpening()
    this.#isAdmitted = true
  }

  /** Is present under the name that it acts for, without being told of anything. Resolves with why not, or null. */
  async appear(): Promise<Fault | null> {
    const reply = await this.#runJoin({ meta: {} })
    return reply instanceof Refusal ? reply.fault : null
  }

  /** Takes a message of the client. */
  receive(message: ChannelMessage): void {
    const isTaken = this.#queue.push(() => {
      // It waited for a join that was refused, or for something that outlived the membership.
      if (this.#isGone) this.#answer(message.ref, new Refusal(notJoined(this.topic)))
      else return this.#handle(message)
    })
    if (!isTaken) this.#answer(message.ref, this.#tooManyWaiting())
  }

  /** Sends the whole state again. */
  resync(ref: MessageRef): void {
    const isTaken = this.#queue.push(() => {
      this.#answer(ref, this.#isGone ? new Refusal(notJoined(this.topic)) : {})
      this.pushState()
    })
    if (!isTaken) this.#answer(ref, this.#tooManyWaiting())
  }

  /** Ends it without anybody being told, the application included; its presence stays for who takes over. */
  retire(): boolean {
    if (this.#isGone) return false
    this.#isGone = true
    this.#isAdmitted = false
    this.#services.registry.detach(this.topic, this)
    // What waits in the queue is answered: the membership is over.
    this.#endAttach?.()
    return true
  }

  /** Ends it, whatever it is doing. The client is told nothing; that is for the caller. */
  end(reason: LeaveReason): void {
    if (!this.retire()) return
    this.#untrack(reason)
    this.#callLeave(reason)
  }

  /** Makes room for a newer join of the same session. Its presence stays, for the newer one to take over. */
  replace(): void {
    if (!this.retire()) return
    this.#callLeave('replaced')
    this.#session.send({
      kind: 'channel_closed',
      topic: this.topic,
      joinRef: this.joinRef,
      response: faultBody(fault('replaced', 'A newer join of the same topic took over.')),
    })
  }

  // --- Member ----------------------------------------------------------------------------------------------------

  get dialect(): Dialect {
    return this.#session.dialect
  }

  get wantsPresence(): boolean {
    return this.#definition.presence
  }

  deliver(frames: readonly Frame[]): void {
    this.#session.deliver(frames)
  }

  // --- ChannelContext --------------------------------------------------------------------------------------------

  get sessionId(): string {
    return this.#session.id
  }

  get isResumed(): boolean {
    return this.#isResumed
  }

  get params(): ReadonlyMap<string, string> {
    return this.#session.params
  }

  get assigns(): Map<string, unknown> {
    return this.#session.assigns
  }

  // A handler that was slow must not leave a presence behind for a session that is gone, nor touch what a newer join
  // of the same session has taken over. (S-5)

  track(key: Key, meta: Meta): TrackResult {
    if (this.#isGone) return { ok: false, fault: notJoined(this.topic) }
    const tracked = this.#services.registry.track(this.#owner, this.topic, key, meta)
    if (tracked.ok) this.#hasTracked = true
    return tracked
  }

  update(meta: Meta): TrackResult {
    if (this.#isGone) return { ok: false, fault: notJoined(this.topic) }
    return this.#services.registry.update(this.#owner, this.topic, meta)
  }

  patch(patch: JsonObject): TrackResult {
    if (this.#isGone) return { ok: false, fault: notJoined(this.topic) }
    return this.#services.registry.patch(this.#owner, this.topic, patch)
  }

  untrack(): boolean {
    return !this.#isGone && this.#untrack('left')
  }

  list(): Promise<Presence[]> {
    return this.#services.registry.list(this.topic)
  }

  diff(since?: Position): Promise<RegistryDiff> {
    return this.#services.registry.diff(this.topic, since)
  }

  push(event: string, payload: Payload): void {
    refuseReserved(event)
    if (this.#isGone) return
    this.#session.send({ kind: 'event', topic: this.topic, joinRef: this.joinRef, event, payload })
  }

  pushState(): void {
    // Whoever is still coming in is given the state by that, after the reply; asked for here, it would come before.
    if (this.#isAdmitted) this.#services.registry.hub(this.topic).requestState(this)
  }

  broadcast(event: string, payload: Payload): void {
    this.#services.registry.broadcast(this.topic, event, payload)
  }

  broadcastFrom(event: string, payload: Payload): void {
    this.#services.registry.broadcast(this.topic, event, payload, this)
  }

  close(reason: LeaveReason, problem?: Fault): void {
    if (this.#isGone) return
    this.end(reason)
    this.#session.forget(this.topic)
    const response = problem ? faultBody(problem) : { reason }
    this.#session.send({ kind: 'channel_closed', topic: this.topic, joinRef: this.joinRef, response })
  }

  // --- within ----------------------------------------------------------------------------------------------------

  #runJoin(payload: JsonObject): Reply | Promise<Reply> {
    return this.#run({ kind: 'join', payload }, () => this.#definition.join?.(this, payload))
  }

  #run(call: Call, last: () => Reply | Promise<Reply>): Reply | Promise<Reply> {
    return runCall(this, this.#definition.middleware, call, last, this.#services)
  }

  /** Waits until the next flush has let the channel in, or it has fallen asleep. */
  #attach(message: JoinMessage): Promise<void> {
    // A client that came back meanwhile knows its latest join only.
    const isOutdated = this.#claim !== null && this.#claim !== message
    if (this.#isAsleep || this.#isGone || isOutdated) return Promise.resolve()
    const { ref, since } = message
    return new Promise((resolve) => {
      this.#endAttach = resolve
      const onAdmitted = () => {
        this.#isAdmitted = true
        this.#answer(ref, this.#response)
        resolve()
      }
      this.#services.registry
        .hub(this.topic)
        .attach(this, { withState: true, since: since ?? null, onAdmitted })
    })
  }

  #handle(message: ChannelMessage): void | Promise<void> {
    const reply = this.#run(callOf(message), () => this.#perform(message))
    if (isPromise(reply)) return reply.then((settled) => this.#answer(message.ref, settled))
    this.#answer(message.ref, reply)
  }

  #perform(message: ChannelMessage): Reply | Promise<Reply> {
    switch (message.kind) {
      case 'update':
        return refusalOf(this.update(message.meta))
      case 'patch':
        return refusalOf(this.patch(message.patch))
      case 'push': {
        const { event, payload } = message
        const handler = this.#definition.handlerOf.get(event)
        if (handler) return handler(this, payload)
        if (this.#definition.unhandled) return this.#definition.unhandled(this, event, payload)
        const text = `The channel of ${JSON.stringify(this.topic)} has no handler for the event ${JSON.stringify(event)}.`
        return new Refusal(fault('unknown_event', text))
      }
    }
  }

  #answer(ref: MessageRef, reply: Reply): void {
    const head = { kind: 'reply', topic: this.topic, ref, joinRef: this.joinRef } as const
    if (reply instanceof Refusal) this.#session.send({ ...head, status: 'error', fault: reply.fault })
    else if (ref !== null) this.#session.send({ ...head, status: 'ok', response: reply ?? {} })
  }

  #tooManyWaiting(): Refusal {
    const { maxWaitingMessages, handlerTimeoutMs } = this.#services
    const text = `${maxWaitingMessages} messages of this channel wait already (server option maxWaitingMessages).`
    return new Refusal(fault('throttled', text, { retryAfterMs: Math.min(1000, handlerTimeoutMs) }))
  }

  #untrack(reason: LeaveReason): boolean {
    return this.#services.registry.untrack(this.#owner, this.topic, reason)
  }

  #callLeave(reason: LeaveReason): void {
    const { leave } = this.#definition
    if (!leave) return
    const failed = (error: unknown) => {
      const { topic, sessionId } = this
      this.#services.log.error({ err: error, topic, sessionId, reason }, "the channel's leave failed")
    }
    try {
      Promise.resolve(leave(this, reason)).catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}

function callOf(message: ChannelMessage): Call {
  switch (message.kind) {
    case 'push':
      return { kind: 'event', event: message.event, payload: message.payload }
    case 'update':
      return { kind: 'update', meta: message.meta }
    case 'patch':
      return { kind: 'patch', patch: message.patch }
  }
}

function refusalOf(result: TrackResult): Reply {
  return result.ok ? undefined : new Refusal(result.fault)
}

function notJoined(topic: Topic): Fault {
  return fault('not_joined', `The session is not in ${JSON.stringify(topic)}.`)
}
