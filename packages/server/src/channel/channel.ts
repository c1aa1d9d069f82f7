import type {
  Fault,
  JoinMessage,
  JsonObject,
  LeaveReason,
  MessageRef,
  Payload,
  Topic,
} from '@rollcall/shared-protocol'
import { SerialQueue } from '../async/serial-queue'
import { withTimeout } from '../async/with-timeout'
import type { PresenceRegistry } from '../presence/presence-registry'
import { type AccessMembership, type ChannelAccess, DecidedAccess, UNRESTRICTED } from './channel-access'
import type { ResolvedChannel } from './channel-definition'
import { ChannelReplies, EMPTY_RESPONSE } from './channel-replies'
import type { ChannelSession } from './channel-session'
import { notJoined, Refusal, type Reply, readOnly, replaced, storeSilent, tooManyWaiting } from './reply'
import {
  type ChannelMessage,
  type HandlerLimits,
  isPromise,
  runJoin,
  runLeave,
  runMessage,
} from './run-handler'
import { type Membership, type PresenceOwner, SessionChannelContext } from './session-channel-context'
import { TopicSubscription } from './topic-subscription'

/*
 *   join() --refused--> gone
 *     |  handler said yes
 *   attaching --flush--> reply ok, state --> joined --leave, end, replaced--> gone
 *
 * One session's membership of one topic. What the client sends is taken one by one in its order; what comes while the
 * join is under way waits for it, so that a client need not wait for the reply before it goes on.
 */

export interface ChannelServices extends HandlerLimits {
  readonly registry: PresenceRegistry
  /** Messages of one channel that wait for the one before them. */
  readonly maxWaitingMessages: number
  /** Milliseconds that the store has to tell who joins what is in the topic. */
  readonly storeTimeoutMs: number
  /** The option `rates.guestsPerAddress`. */
  readonly guestsPerAddress: number
}

/** How a session comes to join. */
export interface JoinCircumstances {
  /** It was in the topic already, under an older join. */
  readonly isRejoin: boolean
  /** Its page was loaded anew and took the session over, so that nobody saw it leave. */
  readonly isResumed: boolean
  /** Its session was another node's, and may have a presence there that it goes on with. */
  readonly isTransferred: boolean
}

export class Channel implements Membership, AccessMembership {
  readonly topic: Topic
  readonly answers: ChannelReplies
  readonly subscription: TopicSubscription
  readonly #session: ChannelSession
  readonly #definition: ResolvedChannel
  readonly #services: ChannelServices
  readonly #ctx: SessionChannelContext
  readonly #queue: SerialQueue
  readonly #access: ChannelAccess
  /** What the join was answered with; a session that comes back is answered with it again. */
  #response: Payload = EMPTY_RESPONSE

  constructor(
    session: ChannelSession,
    definition: ResolvedChannel,
    topic: Topic,
    joinRef: MessageRef,
    services: ChannelServices,
    actingAs: PresenceOwner | null = null,
  ) {
    this.topic = topic
    this.#session = session
    this.#definition = definition
    this.#services = services
    this.#queue = new SerialQueue(services.maxWaitingMessages)
    const { registry, guestsPerAddress } = services
    const { authorize, presence } = definition
    this.#ctx = new SessionChannelContext({ membership: this, session, registry, guestsPerAddress, actingAs })
    this.#access = authorize ? new DecidedAccess(this.#ctx, authorize, services, this) : UNRESTRICTED
    const older = session.channels.get(topic)
    this.subscription = new TopicSubscription(session, presence, topic, registry, older?.subscription)
    this.answers = new ChannelReplies(session, topic, joinRef, older?.answers ?? null)
  }

  // --- the life of a membership ------------------------------------------------------------------------------

  /** Of the join that the client knows it by. */
  get joinRef(): MessageRef {
    return this.answers.joinRef
  }

  get isGone(): boolean {
    return this.subscription.isEnded
  }

  /** Whether the session may only read here. */
  get isReadOnly(): boolean {
    return this.#access.isReadOnly
  }

  /** Whether it is kept for a session that has no connection, or has not claimed it since it came back. */
  get isPaused(): boolean {
    return this.subscription.isPaused
  }

  /** Joins, and answers `message`. If it takes over a presence and tracks nothing, that presence goes. */
  join(
    message: JoinMessage,
    { isRejoin, isResumed, isTransferred }: JoinCircumstances,
    onRefused: () => void,
  ): void {
    if (isResumed) this.#ctx.resume()
    // A page that was loaded anew knows of no older join.
    if (!isRejoin || isResumed) this.answers.forgetPrevious()
    this.#queue.push(async () => {
      const { clock, handlerTimeoutMs, storeTimeoutMs } = this.#services
      const adoptTimeoutMs = Math.min(handlerTimeoutMs, storeTimeoutMs)
      const problem = isTransferred ? await this.#ctx.adopt(clock, adoptTimeoutMs) : null
      if (this.isGone) return
      const reply = problem ?? (await this.#runJoin(message.payload))
      if (this.isGone) return
      if ((isRejoin || isTransferred) && !this.#ctx.hasTracked) this.#ctx.drop('replaced')
      if (reply instanceof Refusal) return this.#refuseJoin(message, reply, onRefused)
      this.#response = reply ?? EMPTY_RESPONSE
      const late = await this.#attach(message)
      if (late) this.#refuseJoin(message, late, onRefused)
    })
  }

  /**
   * Its session has lost its connection: it is told nothing more, and keeps its presence. The application is not
   * told, as nothing has happened that anybody should see. (S-6)
   */
  pause(): void {
    this.subscription.pause()
    this.answers.resumePrevious()
  }

  /** The session is back and joins again: it goes on where it was, without the application's `join`. */
  resume(message: JoinMessage): void {
    this.answers.setJoinRef(message.joinRef ?? message.ref)
    this.subscription.resume(message)
    const goOn = async () => {
      const late = await this.#attach(message)
      if (!late) return
      // Nothing was decided against it: it sleeps until its client asks again, or its session's grace is over.
      this.answers.reply(message.ref, late)
      this.pause()
    }
    const refused = (refusal: Refusal) => this.#refuseReturn(message, refusal)
    this.#enqueue(message.ref, () => this.#access.decide<void>(goOn, refused))
  }

  /**
   * Follows the topic without a join: told of everything, present under no name. `onRefused` is told why it may not.
   */
  observe(onRefused: (problem: Fault) => void): void {
    const refused = (refusal: Refusal) => {
      this.#endAndForget('kicked')
      onRefused(refusal.fault)
    }
    const follow = () => this.subscription.startWithoutState(!this.#access.isInvisible)
    this.#queue.push(() => this.#access.decide(follow, refused))
  }

  /** Is present under the name that it acts for, without being told of anything. Resolves with why not, or null. */
  async appear(): Promise<Fault | null> {
    const reply = await this.#runJoin({ meta: {} })
    return reply instanceof Refusal ? reply.fault : null
  }

  /** Takes a message of the client. */
  receive(message: ChannelMessage): void {
    this.#enqueue(message.ref, () => this.#access.whenDecided(() => this.#take(message)))
  }

  /**
   * The session's identity is another one: what it may do here is decided anew, before anything that waits. One that
   * sleeps is decided over when its client comes back. (S-33)
   */
  reauthorize(): void {
    if (this.#access === UNRESTRICTED || this.isGone || this.isPaused) return
    this.#access.invalidate()
    // Where the queue is full there is a message in it, which has it settled.
    this.#queue.push(() => this.#access.whenDecided(() => {}))
  }

  /** Sends the whole state again. */
  resync(ref: MessageRef): void {
    this.#enqueue(ref, () =>
      this.#access.whenDecided(() => {
        this.answers.reply(ref, this.isGone ? new Refusal(notJoined(this.topic)) : EMPTY_RESPONSE)
        this.#ctx.pushState()
      }),
    )
  }

  /**
   * Makes room for the program that took the session over, a page that was loaded anew: nobody is told, the
   * application included, and its presence stays for that one. What it has not answered yet is not for that program.
   */
  handOff(): void {
    this.answers.silence()
    this.#end()
  }

  /** Ends it, whatever it is doing. The client is told nothing; that is for the caller. */
  end(reason: LeaveReason): void {
    if (!this.#end()) return
    this.#ctx.drop(reason)
    runLeave(this.#ctx, this.#definition, reason, this.#services.log)
  }

  /**
   * Makes room for a newer join of the same session. Its presence stays, for the newer one to take over, which lets
   * its farewell go when it has an answer of its own.
   */
  replace(): void {
    if (!this.#end()) return
    runLeave(this.#ctx, this.#definition, 'replaced', this.#services.log)
    this.answers.deferClose()
    this.answers.closeFor(replaced())
  }

  /** Makes room for a second join that goes on with this one: neither the application nor the client is told of an end. */
  continueInNewJoin(): void {
    if (this.#end()) this.answers.deferClose()
  }

  /** Ends it, and tells the client why. */
  remove(reason: LeaveReason, problem?: Fault): void {
    if (this.isGone) return
    this.#endAndForget(reason)
    if (problem) this.answers.closeFor(problem)
    else this.answers.close({ reason })
  }

  /** Puts the session out of a topic in which it may not be any more. */
  removeWithFault(problem: Fault): void {
    this.#endAndForget('kicked')
    this.answers.closeWithFault(problem)
  }

  // --- within ----------------------------------------------------------------------------------------------------

  #runJoin(payload: JsonObject): Reply | Promise<Reply> {
    const run = () => {
      this.#ctx.setJoining(true)
      const reply = runJoin(this.#ctx, this.#definition, payload, this.#services)
      if (isPromise(reply)) return reply.finally(() => this.#ctx.setJoining(false))
      this.#ctx.setJoining(false)
      return reply
    }
    return this.#access.decide<Reply>(run, (refusal) => refusal)
  }

  /** Does it in its turn. Where too many wait for theirs, the message that asks for it is answered so. */
  #enqueue(ref: MessageRef, task: () => void | Promise<void>): void {
    if (this.#queue.push(task)) return
    const { maxWaitingMessages, handlerTimeoutMs } = this.#services
    this.answers.reply(ref, new Refusal(tooManyWaiting(maxWaitingMessages, handlerTimeoutMs)))
  }

  #refuseJoin(message: JoinMessage, refusal: Refusal, onRefused: () => void): void {
    this.answers.reply(message.ref, refusal)
    const { resumeJoin } = this.subscription
    if (resumeJoin) this.answers.reply(resumeJoin.ref, refusal)
    this.end('left')
    onRefused()
  }

  /** Its client came back, and may not be here any more. */
  #refuseReturn(message: JoinMessage, refusal: Refusal): void {
    const claim = this.subscription.resumeJoin ?? message
    this.#endAndForget('kicked')
    this.answers.reply(claim.ref, refusal)
  }

  /** Ends it, and its session knows it no more. */
  #endAndForget(reason: LeaveReason): void {
    this.end(reason)
    this.#session.forget(this.topic)
  }

  /** Resolves with the refusal where the store does not say in time who is in the topic. */
  async #attach(message: JoinMessage): Promise<Refusal | null> {
    const { clock, storeTimeoutMs } = this.#services
    const admitted = () => {
      this.answers.reply(message.ref, this.#response)
      this.answers.resumePrevious()
    }
    const isLate = await withTimeout<boolean>(
      this.subscription.start(message, admitted, this.#ctx.ownRef).then(() => false),
      storeTimeoutMs,
      clock,
      () => this.subscription.isWaitingFor(message),
    )
    return isLate ? new Refusal(storeSilent(this.topic, storeTimeoutMs)) : null
  }

  #take(message: ChannelMessage): void | Promise<void> {
    const { answers, topic } = this
    // It waited for a join that was refused, or for something that outlived the membership.
    if (this.isGone) return answers.reply(message.ref, new Refusal(notJoined(topic)))
    if (this.#access.isReadOnly) return answers.reply(message.ref, new Refusal(readOnly(topic)))
    const settle = (reply: Reply) => {
      answers.reply(message.ref, reply)
      answers.resumeClose()
    }
    answers.deferClose()
    const reply = runMessage(this.#ctx, this.#definition, message, this.#services)
    if (isPromise(reply)) return reply.then(settle)
    settle(reply)
  }

  /** What waits in the queue is answered after that: the membership is over. */
  #end(): boolean {
    if (!this.subscription.end()) return false
    this.#ctx.rememberShown()
    this.answers.resumePrevious()
    return true
  }
}
