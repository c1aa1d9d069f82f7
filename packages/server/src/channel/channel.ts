import {
  type Dialect,
  type Fault,
  faultBody,
  type JoinMessage,
  type JsonObject,
  type LeaveReason,
  type MessageRef,
  type Payload,
  type Presence,
  type Topic,
} from '@rollcall/shared-protocol'
import type { Packet } from '../io/packet'
import type { Owner } from '../presence/owned'
import type { Registry } from '../presence/registry'
import type { Identity } from '../session/identity'
import { Attachment } from './attachment'
import { notJoined, readOnly, replaced, storeSilent, tooManyWaiting } from './channel-faults'
import type { Call } from './compose'
import type { ResolvedChannel } from './define-channel'
import { Farewell } from './farewell'
import type { ChannelHost } from './host'
import { LiveContext, type Membership } from './live-context'
import { type ChannelMessage, callOf, perform } from './perform'
import { Permission } from './permission'
import { Refusal, type Reply } from './reply'
import { isPromise, type RunCallContext, runCall, runLeave } from './run-call'
import { SerialQueue } from './serial-queue'
import { withTimeout } from './with-timeout'

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
  /** Its session was another node's, and may have a presence there that it goes on with. */
  readonly isMoving: boolean
}

/** What there is to say where there is nothing; one for all. */
const NOTHING: Payload = Object.freeze({})

export class Channel implements Membership {
  readonly topic: Topic
  readonly #session: ChannelHost
  readonly #definition: ResolvedChannel
  readonly #services: ChannelServices
  readonly #owner: Owner
  readonly #ctx: LiveContext
  readonly #queue: SerialQueue
  readonly #attachment: Attachment
  /** Null where everybody may do everything. */
  readonly #permission: Permission | null
  readonly farewell: Farewell
  /** Of the membership whose place it takes: held back until its own join is answered. */
  #olderFarewell: Farewell | null
  #joinRef: MessageRef
  #isResumed = false
  /** Whether what it still has to answer is of no interest: its client is another program now. */
  #isMute = false
  /** What the join was answered with; a session that comes back is answered with it again. */
  #response: Payload = NOTHING

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
    this.#owner = actingAs?.owner ?? session.id
    this.#session = session
    this.#definition = definition
    this.#services = services
    this.#queue = new SerialQueue(services.maxWaitingMessages)
    const identity = actingAs?.identity ?? null
    const { registry } = services
    this.#ctx = new LiveContext({ membership: this, session, registry, owner: this.#owner, identity })
    const { authorize } = definition
    this.#permission = authorize ? new Permission(this.#ctx, authorize, services, this) : null
    this.#attachment = new Attachment(this, topic, registry)
    this.farewell = new Farewell(session)
    this.#olderFarewell = session.channels.get(topic)?.farewell ?? null
  }

  // --- the life of a membership ------------------------------------------------------------------------------

  /** Of the join that the client knows it by. */
  get joinRef(): MessageRef {
    return this.#joinRef
  }

  get isGone(): boolean {
    return this.#attachment.isEnded
  }

  get isAdmitted(): boolean {
    return this.#attachment.isAdmitted
  }

  get isResumed(): boolean {
    return this.#isResumed
  }

  /** Whether it is kept for a session that has no connection, or has not claimed it since it came back. */
  get isAsleep(): boolean {
    return this.#attachment.isAsleep
  }

  /** Joins, and answers `message`. If it takes over a presence and tracks nothing, that presence goes. */
  join(
    message: JoinMessage,
    { isRejoin, isResumed, isMoving }: JoinCircumstances,
    onRefused: () => void,
  ): void {
    this.#isResumed = isResumed
    // A page that was loaded anew knows of no older join.
    if (!isRejoin || isResumed) this.#olderFarewell = null
    this.#queue.push(async () => {
      const problem = isMoving ? await this.#adopt() : null
      if (this.isGone) return
      const reply = problem ?? (await this.#runJoin(message.payload))
      if (this.isGone) return
      if ((isRejoin || isMoving) && !this.#ctx.hasTracked) this.#untrack('replaced')
      if (reply instanceof Refusal) {
        this.#answer(message.ref, reply)
        const { claim } = this.#attachment
        if (claim) this.#answer(claim.ref, reply)
        this.end('left')
        onRefused()
        return
      }
      this.#response = reply ?? NOTHING
      await this.#attach(message)
    })
  }

  /**
   * Its session has lost its connection: it is told nothing more, and keeps its presence. The application is not
   * told, as nothing has happened that anybody should see. (S-6)
   */
  sleep(): void {
    this.#attachment.sleep()
    this.#releaseOlder()
  }

  /** The session is back and joins again: it goes on where it was, without the application's `join`. */
  wake(message: JoinMessage): void {
    this.#joinRef = message.joinRef ?? message.ref
    this.#attachment.wake(message)
    const permission = this.#permission
    const isTaken = this.#queue.push(() =>
      permission ? this.#comeBack(message, permission) : this.#attach(message),
    )
    if (!isTaken) this.#answer(message.ref, this.#tooManyWaiting())
  }

  /**
   * Follows the topic without a join: told of everything, present under no name. `onRefused` is told why it may not.
   */
  observe(onRefused: (problem: Fault) => void): void {
    const permission = this.#permission
    if (!permission) return this.#attachment.follow()
    this.#queue.push(async () => {
      const refusal = await permission.decide()
      if (this.isGone) return
      if (!refusal) return this.#attachment.follow()
      this.end('kicked')
      onRefused(refusal.fault)
    })
  }

  /** Is present under the name that it acts for, without being told of anything. Resolves with why not, or null. */
  async appear(): Promise<Fault | null> {
    const reply = await this.#runJoin({ meta: {} })
    return reply instanceof Refusal ? reply.fault : null
  }

  /** Takes a message of the client. */
  receive(message: ChannelMessage): void {
    const isTaken = this.#queue.push(() => this.#whilePermitted(() => this.#take(message)))
    if (!isTaken) this.#answer(message.ref, this.#tooManyWaiting())
  }

  /**
   * The session's identity is another one: what it may do here is decided anew, before anything that waits. One that
   * sleeps is decided over when its client comes back. (S-33)
   */
  reauthorize(): void {
    if (!this.#permission || this.isGone || this.isAsleep) return
    this.#permission.outdate()
    // Where the queue is full there is a message in it, which has it settled.
    this.#queue.push(() => this.#whilePermitted(() => {}))
  }

  /** Sends the whole state again. */
  resync(ref: MessageRef): void {
    const isTaken = this.#queue.push(() =>
      this.#whilePermitted(() => {
        this.#answer(ref, this.isGone ? new Refusal(notJoined(this.topic)) : {})
        this.#ctx.pushState()
      }),
    )
    if (!isTaken) this.#answer(ref, this.#tooManyWaiting())
  }

  /**
   * Makes room for the program that took the session over, a page that was loaded anew: nobody is told, the
   * application included, and its presence stays for that one. What it has not answered yet is not for that program.
   */
  yieldTo(): void {
    this.#isMute = true
    this.#retire()
  }

  /** Ends it, whatever it is doing. The client is told nothing; that is for the caller. */
  end(reason: LeaveReason): void {
    if (!this.#retire()) return
    this.#untrack(reason)
    runLeave(this.#ctx, this.#definition, reason, this.#services.log)
  }

  /**
   * Makes room for a newer join of the same session. Its presence stays, for the newer one to take over, which lets
   * its farewell go when it has an answer of its own.
   */
  replace(): void {
    if (!this.#retire()) return
    runLeave(this.#ctx, this.#definition, 'replaced', this.#services.log)
    this.farewell.hold()
    this.#sayFarewell(faultBody(replaced()))
  }

  /** Ends it, and tells the client why. */
  putOut(reason: LeaveReason, problem?: Fault): void {
    if (this.isGone) return
    this.end(reason)
    this.#session.forget(this.topic)
    this.#sayFarewell(problem ? faultBody(problem) : { reason })
  }

  // --- Member ----------------------------------------------------------------------------------------------------

  get dialect(): Dialect {
    return this.#session.dialect
  }

  get wantsPresence(): boolean {
    return this.#definition.presence
  }

  get isCongested(): boolean {
    return this.#session.isCongested
  }

  deliver(packet: Packet): void {
    this.#session.deliver(packet)
  }

  /** Its peer has read what waited. */
  catchUp(): void {
    this.#services.registry.catchUp(this.topic, this)
  }

  // --- within ----------------------------------------------------------------------------------------------------

  /**
   * Takes over the presence that its session has here on another node; nobody saw that leave. The refusal where the
   * store does not say in time whether there is one: to join without it could leave two behind.
   */
  async #adopt(): Promise<Refusal | null> {
    const { registry, clock, handlerTimeoutMs } = this.#services
    const late = () => new Refusal(storeSilent(this.topic, handlerTimeoutMs))
    const adopted = registry.adopt(this.#owner, this.topic)
    const outcome = await withTimeout<Presence | null | Refusal>(adopted, handlerTimeoutMs, clock, late)
    if (outcome instanceof Refusal) return outcome
    this.#isResumed = outcome !== null
    return null
  }

  #runJoin(payload: JsonObject): Reply | Promise<Reply> {
    return this.#permission ? this.#runPermitted(payload, this.#permission) : this.#runDecided(payload)
  }

  async #runPermitted(payload: JsonObject, permission: Permission): Promise<Reply> {
    const refusal = await permission.decide()
    return refusal || this.isGone ? (refusal ?? undefined) : this.#runDecided(payload)
  }

  #runDecided(payload: JsonObject): Reply | Promise<Reply> {
    return this.#run({ kind: 'join', payload }, () => this.#definition.join?.(this.#ctx, payload))
  }

  #run(call: Call, last: () => Reply | Promise<Reply>): Reply | Promise<Reply> {
    return runCall(this.#ctx, this.#definition.middleware, call, last, this.#services)
  }

  /** Runs it once what the session may do is decided for who it is now. */
  #whilePermitted(run: () => void | Promise<void>): void | Promise<void> {
    return this.#permission?.isOutdated ? this.#settle(this.#permission).then(run) : run()
  }

  async #settle(permission: Permission): Promise<void> {
    if (this.isGone) return
    const refusal = await permission.decide()
    if (refusal && !this.isGone) this.#expel(refusal.fault)
  }

  /** Puts the session out of a topic in which it may not be any more. A client may try again after a failure of ours. */
  #expel(problem: Fault): void {
    this.end('kicked')
    this.#session.forget(this.topic)
    const isFailure = problem.code === 'handler_failed' || problem.code === 'handler_timeout'
    if (!isFailure) return this.#sayFarewell(faultBody(problem))
    this.farewell.say({ kind: 'channel_failed', topic: this.topic, joinRef: this.joinRef, fault: problem })
  }

  /** Goes on where it was, if the session may still be here. */
  async #comeBack(message: JoinMessage, permission: Permission): Promise<void> {
    const refusal = await permission.decide()
    if (this.isGone) return
    if (!refusal) return this.#attach(message)
    const claim = this.#attachment.claim ?? message
    this.end('kicked')
    this.#session.forget(this.topic)
    this.#answer(claim.ref, refusal)
  }

  #attach(message: JoinMessage): Promise<void> {
    return this.#attachment.enter(message, () => {
      this.#answer(message.ref, this.#response)
      this.#releaseOlder()
    })
  }

  #take(message: ChannelMessage): void | Promise<void> {
    // It waited for a join that was refused, or for something that outlived the membership.
    if (this.isGone) return this.#answer(message.ref, new Refusal(notJoined(this.topic)))
    if (this.#permission?.isReadOnly) return this.#answer(message.ref, new Refusal(readOnly(this.topic)))
    return this.#handle(message)
  }

  #handle(message: ChannelMessage): void | Promise<void> {
    const settle = (reply: Reply) => {
      this.#answer(message.ref, reply)
      this.farewell.release()
    }
    this.farewell.hold()
    const reply = this.#run(callOf(message), () => perform(this.#ctx, this.#definition, message))
    if (isPromise(reply)) return reply.then(settle)
    settle(reply)
  }

  #answer(ref: MessageRef, reply: Reply): void {
    if (this.#isMute) return
    const head = { kind: 'reply', topic: this.topic, ref, joinRef: this.joinRef } as const
    if (reply instanceof Refusal) this.#session.send({ ...head, status: 'error', fault: reply.fault })
    else if (ref !== null) this.#session.send({ ...head, status: 'ok', response: reply ?? NOTHING })
  }

  #tooManyWaiting(): Refusal {
    const { maxWaitingMessages, handlerTimeoutMs } = this.#services
    return new Refusal(tooManyWaiting(maxWaitingMessages, Math.min(1000, handlerTimeoutMs)))
  }

  #sayFarewell(response: JsonObject): void {
    this.farewell.say({ kind: 'channel_closed', topic: this.topic, joinRef: this.joinRef, response })
  }

  #releaseOlder(): void {
    this.#olderFarewell?.release()
    this.#olderFarewell = null
  }

  /** What waits in the queue is answered after that: the membership is over. */
  #retire(): boolean {
    if (!this.#attachment.end()) return false
    this.#releaseOlder()
    return true
  }

  #untrack(reason: LeaveReason): boolean {
    return this.#services.registry.untrack(this.#owner, this.topic, reason)
  }
}
