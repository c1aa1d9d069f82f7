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
import { type AccessMembership, ChannelAccess, decide, whenDecided } from './channel-access'
import type { ResolvedChannel } from './channel-definition'
import { ChannelReplies, EMPTY_RESPONSE } from './channel-replies'
import type { ChannelServices, ChannelSession, JoinCircumstances } from './channel-session'
import { notJoined, Refusal, type Reply, readOnly, replaced, storeSilent, tooManyWaiting } from './reply'
import { type ChannelMessage, isPromise, runHandler, runLeave } from './run-handler'
import { type Membership, type PresenceOwner, SessionChannelContext } from './session-channel-context'
import { TopicSubscription } from './topic-subscription'

/*
 *   join() --refused--> gone
 *     |  the application's join succeeds
 *   attaching --flush--> reply ok, state --> joined --leave, end, replace--> gone
 */

/**
 * One session in one topic. It handles the client's messages one at a time and in order. Messages wait while the join
 * runs, so that a client may send them before it has the reply.
 */
export class Channel implements Membership, AccessMembership {
  readonly topic: Topic
  readonly answers: ChannelReplies
  readonly subscription: TopicSubscription
  readonly #session: ChannelSession
  readonly #definition: ResolvedChannel
  readonly #services: ChannelServices
  readonly #ctx: SessionChannelContext
  readonly #queue: SerialQueue
  /** Null where the channel has no `authorize`, and everything is allowed. */
  readonly #access: ChannelAccess | null
  /** The response to the join; a session that resumes receives it again. */
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
    this.#access = authorize ? new ChannelAccess(this.#ctx, authorize, services, this) : null
    const older = session.channels.get(topic)
    this.subscription = new TopicSubscription(session, presence, topic, registry, older?.subscription)
    this.answers = new ChannelReplies(session, topic, joinRef, older?.answers ?? null)
  }

  /** The ref of the latest join, which the client uses for this channel. */
  get joinRef(): MessageRef {
    return this.answers.joinRef
  }

  get isGone(): boolean {
    return this.subscription.isEnded
  }

  get isReadOnly(): boolean {
    return this.#ctx.isReadOnly
  }

  /** Whether the channel waits until its session has reconnected and joined again. */
  get isPaused(): boolean {
    return this.subscription.isPaused
  }

  /** Joins and replies to `message`. A presence of an earlier join leaves unless the application tracks it again. */
  join(message: JoinMessage, circumstances: JoinCircumstances, onRefused: () => void): void {
    const { isRejoin, isResumed } = circumstances
    if (isResumed) this.#ctx.resume()
    // A reloaded page does not know the earlier join.
    if (!isRejoin || isResumed) this.answers.forgetPrevious()
    this.#queue.push(() => this.#join(message, circumstances, onRefused))
  }

  /** Stops sending, as the connection is lost. The presence stays, and the application is not called. (S-6) */
  pause(): void {
    this.subscription.pause()
    this.answers.resumePrevious()
  }

  /** Goes on after a pause, when the client joins again. The application's `join` does not run again. */
  resume(message: JoinMessage): void {
    this.answers.setJoinRef(message.joinRef ?? message.ref)
    this.subscription.resume(message)
    const attach = () => this.#attachAgain(message)
    const refused = (refusal: Refusal) => this.#refuseReturn(message, refusal)
    this.#enqueue(message.ref, () => decide<void>(this.#access, attach, refused))
  }

  /** Follows the topic without a join, with no presence. Calls `onRefused` with the fault if that is not allowed. */
  observe(onRefused: (problem: Fault) => void): void {
    const refused = (refusal: Refusal) => {
      this.#endAndForget('kicked')
      onRefused(refusal.fault)
    }
    const follow = () => this.subscription.startWithoutState(!this.#access?.isInvisible)
    this.#queue.push(() => decide(this.#access, follow, refused))
  }

  /** Makes the presence owner present without a subscription. Resolves with the fault if that is refused, or null. */
  async appear(): Promise<Fault | null> {
    const reply = await this.#runJoin({ meta: {} })
    return reply instanceof Refusal ? reply.fault : null
  }

  /** Handles a message of the client, after those before it. */
  receive(message: ChannelMessage): void {
    this.#enqueue(message.ref, () => whenDecided(this.#access, () => this.#handle(message)))
  }

  /**
   * Decides again what the session may do, before any message that waits. Call it when the session's identity has changed.
   * For a paused channel, the decision follows when its client rejoins. (S-33)
   */
  reauthorize(): void {
    if (!this.#access || this.isGone || this.isPaused) return
    this.#access.invalidate()
    // If the queue is full, one of its messages makes the decision.
    this.#queue.push(() => whenDecided(this.#access, () => {}))
  }

  /** Sends the whole state again. */
  resync(ref: MessageRef): void {
    this.#enqueue(ref, () =>
      whenDecided(this.#access, () => {
        this.answers.reply(ref, this.isGone ? new Refusal(notJoined(this.topic)) : EMPTY_RESPONSE)
        this.#ctx.pushState()
      }),
    )
  }

  /**
   * Ends without a word to the client or the application, as a reloaded page has taken the session over. The presence
   * stays for that page, and replies that are due are dropped: they are not for it.
   */
  handOff(): void {
    this.answers.silence()
    this.#end()
  }

  /** Ends and calls the application's `leave`. The caller tells the client. */
  end(reason: LeaveReason): void {
    if (!this.#end()) return
    this.#ctx.drop(reason)
    runLeave(this.#ctx, this.#definition, reason, this.#services.log)
  }

  /** Ends for a newer join of the same session. The presence stays; the close follows the reply to that join. */
  replace(): void {
    if (!this.#end()) return
    runLeave(this.#ctx, this.#definition, 'replaced', this.#services.log)
    this.answers.deferClose()
    this.answers.closeFor(replaced())
  }

  /** Ends for a second join that continues this one: neither the application nor the client notices an end. */
  continueInNewJoin(): void {
    if (this.#end()) this.answers.deferClose()
  }

  /** Ends and tells the client the reason. */
  remove(reason: LeaveReason, problem?: Fault): void {
    if (this.isGone) return
    this.#endAndForget(reason)
    if (problem) this.answers.closeFor(problem)
    else this.answers.close({ reason })
  }

  /** Removes the session from a topic in which it is no longer allowed. */
  removeWithFault(problem: Fault): void {
    this.#endAndForget('kicked')
    this.answers.closeWithFault(problem)
  }

  async #join(
    message: JoinMessage,
    { isRejoin, isTransferred }: JoinCircumstances,
    onRefused: () => void,
  ): Promise<void> {
    const { clock, handlerTimeoutMs, storeTimeoutMs } = this.#services
    const adoptTimeoutMs = Math.min(handlerTimeoutMs, storeTimeoutMs)
    const problem = isTransferred ? await this.#ctx.adopt(clock, adoptTimeoutMs) : null
    if (this.isGone) return
    const reply = problem ?? (await this.#runJoin(message.payload))
    if (this.isGone) return
    if ((isRejoin || isTransferred) && !this.#ctx.hasTracked) this.#ctx.drop('replaced')
    if (reply instanceof Refusal) return this.#refuseJoin(message, reply, onRefused)
    this.#response = reply ?? EMPTY_RESPONSE
    const timedOut = await this.#attach(message)
    if (timedOut) this.#refuseJoin(message, timedOut, onRefused)
  }

  #runJoin(payload: JsonObject): Reply | Promise<Reply> {
    const run = () => {
      this.#ctx.setJoining(true)
      const reply = runHandler(this.#ctx, this.#definition, { kind: 'join', payload }, this.#services)
      if (isPromise(reply)) return reply.finally(() => this.#ctx.setJoining(false))
      this.#ctx.setJoining(false)
      return reply
    }
    return decide<Reply>(this.#access, run, (refusal) => refusal)
  }

  /** Runs a task after those before it, or replies to the message with a refusal if too many wait. */
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

  /** Ends the channel of a client that rejoins and is no longer allowed. */
  #refuseReturn(message: JoinMessage, refusal: Refusal): void {
    const latestJoin = this.subscription.resumeJoin ?? message
    this.#endAndForget('kicked')
    this.answers.reply(latestJoin.ref, refusal)
  }

  #endAndForget(reason: LeaveReason): void {
    this.end(reason)
    this.#session.forget(this.topic)
  }

  async #attachAgain(message: JoinMessage): Promise<void> {
    const timedOut = await this.#attach(message)
    if (!timedOut) return
    // No decision: the channel stays paused until its client joins again or the session's grace ends.
    this.answers.reply(message.ref, timedOut)
    this.pause()
  }

  /** Resolves with the refusal if the store does not report the topic's presences in time. */
  async #attach(message: JoinMessage): Promise<Refusal | null> {
    const { clock, storeTimeoutMs } = this.#services
    const started = this.subscription.start(message, () => this.#replyToJoin(message), this.#ctx.ownRef)
    const isTimedOut = () => this.subscription.isWaitingFor(message)
    const hasTimedOut = await withTimeout<boolean>(
      started.then(() => false),
      storeTimeoutMs,
      clock,
      isTimedOut,
    )
    return hasTimedOut ? new Refusal(storeSilent(this.topic, storeTimeoutMs)) : null
  }

  #replyToJoin(message: JoinMessage): void {
    this.answers.reply(message.ref, this.#response)
    this.answers.resumePrevious()
  }

  #handle(message: ChannelMessage): void | Promise<void> {
    const { answers, topic } = this
    // The join that it waited for was refused, or the channel has ended meanwhile.
    if (this.isGone) return answers.reply(message.ref, new Refusal(notJoined(topic)))
    if (this.isReadOnly) return answers.reply(message.ref, new Refusal(readOnly(topic)))
    const finish = (reply: Reply) => {
      answers.reply(message.ref, reply)
      answers.resumeClose()
    }
    answers.deferClose()
    const reply = runHandler(this.#ctx, this.#definition, message, this.#services)
    if (isPromise(reply)) return reply.then(finish)
    finish(reply)
  }

  /** Messages that wait in the queue are then refused. Returns false if it had already ended. */
  #end(): boolean {
    if (!this.subscription.end()) return false
    this.#ctx.rememberShown()
    this.answers.resumePrevious()
    return true
  }
}
