import type {
  Fault,
  JoinMessage,
  JsonObject,
  LeaveReason,
  MessageRef,
  Payload,
  Topic,
} from '@rollcall/shared-protocol'
import type { Registry } from '../presence/registry'
import { Answers, NOTHING } from './answers'
import { Attachment } from './attachment'
import { notJoined, readOnly, replaced, storeSilent, tooManyWaiting } from './channel-faults'
import type { ResolvedChannel } from './define-channel'
import type { ChannelHost } from './host'
import { type ActingAs, LiveContext, type Membership } from './live-context'
import { type ChannelMessage, runJoin, runMessage } from './perform'
import { DecidedPermission, type Permission, type PermittedMembership, UNRESTRICTED } from './permission'
import { Refusal, type Reply } from './reply'
import { isPromise, type RunCallContext, runLeave } from './run-call'
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
  readonly isMoving: boolean
}

export class Channel implements Membership, PermittedMembership {
  readonly topic: Topic
  readonly answers: Answers
  readonly attachment: Attachment
  readonly #session: ChannelHost
  readonly #definition: ResolvedChannel
  readonly #services: ChannelServices
  readonly #ctx: LiveContext
  readonly #queue: SerialQueue
  readonly #permission: Permission
  /** What the join was answered with; a session that comes back is answered with it again. */
  #response: Payload = NOTHING

  constructor(
    session: ChannelHost,
    definition: ResolvedChannel,
    topic: Topic,
    joinRef: MessageRef,
    services: ChannelServices,
    actingAs: ActingAs | null = null,
  ) {
    this.topic = topic
    this.#session = session
    this.#definition = definition
    this.#services = services
    this.#queue = new SerialQueue(services.maxWaitingMessages)
    const { registry, guestsPerAddress } = services
    const { authorize, presence } = definition
    this.#ctx = new LiveContext({ membership: this, session, registry, guestsPerAddress, actingAs })
    this.#permission = authorize ? new DecidedPermission(this.#ctx, authorize, services, this) : UNRESTRICTED
    const older = session.channels.get(topic)
    this.attachment = new Attachment(session, presence, topic, registry, older?.attachment)
    this.answers = new Answers(session, topic, joinRef, older?.answers ?? null)
  }

  // --- the life of a membership ------------------------------------------------------------------------------

  /** Of the join that the client knows it by. */
  get joinRef(): MessageRef {
    return this.answers.joinRef
  }

  get isGone(): boolean {
    return this.attachment.isEnded
  }

  /** Whether the session may only read here. */
  get isReadOnly(): boolean {
    return this.#permission.isReadOnly
  }

  /** Whether it is kept for a session that has no connection, or has not claimed it since it came back. */
  get isAsleep(): boolean {
    return this.attachment.isAsleep
  }

  /** Joins, and answers `message`. If it takes over a presence and tracks nothing, that presence goes. */
  join(
    message: JoinMessage,
    { isRejoin, isResumed, isMoving }: JoinCircumstances,
    onRefused: () => void,
  ): void {
    if (isResumed) this.#ctx.resume()
    // A page that was loaded anew knows of no older join.
    if (!isRejoin || isResumed) this.answers.dropOlder()
    this.#queue.push(async () => {
      const { clock, handlerTimeoutMs, storeTimeoutMs } = this.#services
      const adoptTimeoutMs = Math.min(handlerTimeoutMs, storeTimeoutMs)
      const problem = isMoving ? await this.#ctx.adopt(clock, adoptTimeoutMs) : null
      if (this.isGone) return
      const reply = problem ?? (await this.#runJoin(message.payload))
      if (this.isGone) return
      if ((isRejoin || isMoving) && !this.#ctx.hasTracked) this.#ctx.drop('replaced')
      if (reply instanceof Refusal) return this.#refuseJoin(message, reply, onRefused)
      this.#response = reply ?? NOTHING
      const late = await this.#attach(message)
      if (late) this.#refuseJoin(message, late, onRefused)
    })
  }

  /**
   * Its session has lost its connection: it is told nothing more, and keeps its presence. The application is not
   * told, as nothing has happened that anybody should see. (S-6)
   */
  sleep(): void {
    this.attachment.sleep()
    this.answers.releaseOlder()
  }

  /** The session is back and joins again: it goes on where it was, without the application's `join`. */
  wake(message: JoinMessage): void {
    this.answers.rename(message.joinRef ?? message.ref)
    this.attachment.wake(message)
    const goOn = async () => {
      const late = await this.#attach(message)
      if (!late) return
      // Nothing was decided against it: it sleeps until its client asks again, or its session's grace is over.
      this.answers.reply(message.ref, late)
      this.sleep()
    }
    const refused = (refusal: Refusal) => this.#refuseReturn(message, refusal)
    this.#inTurn(message.ref, () => this.#permission.ask<void>(goOn, refused))
  }

  /**
   * Follows the topic without a join: told of everything, present under no name. `onRefused` is told why it may not.
   */
  observe(onRefused: (problem: Fault) => void): void {
    const refused = (refusal: Refusal) => {
      this.#quit('kicked')
      onRefused(refusal.fault)
    }
    const follow = () => this.attachment.follow(!this.#permission.isInvisible)
    this.#queue.push(() => this.#permission.ask(follow, refused))
  }

  /** Is present under the name that it acts for, without being told of anything. Resolves with why not, or null. */
  async appear(): Promise<Fault | null> {
    const reply = await this.#runJoin({ meta: {} })
    return reply instanceof Refusal ? reply.fault : null
  }

  /** Takes a message of the client. */
  receive(message: ChannelMessage): void {
    this.#inTurn(message.ref, () => this.#permission.whenSettled(() => this.#take(message)))
  }

  /**
   * The session's identity is another one: what it may do here is decided anew, before anything that waits. One that
   * sleeps is decided over when its client comes back. (S-33)
   */
  reauthorize(): void {
    if (this.#permission === UNRESTRICTED || this.isGone || this.isAsleep) return
    this.#permission.outdate()
    // Where the queue is full there is a message in it, which has it settled.
    this.#queue.push(() => this.#permission.whenSettled(() => {}))
  }

  /** Sends the whole state again. */
  resync(ref: MessageRef): void {
    this.#inTurn(ref, () =>
      this.#permission.whenSettled(() => {
        this.answers.reply(ref, this.isGone ? new Refusal(notJoined(this.topic)) : NOTHING)
        this.#ctx.pushState()
      }),
    )
  }

  /**
   * Makes room for the program that took the session over, a page that was loaded anew: nobody is told, the
   * application included, and its presence stays for that one. What it has not answered yet is not for that program.
   */
  yieldTo(): void {
    this.answers.mute()
    this.#retire()
  }

  /** Ends it, whatever it is doing. The client is told nothing; that is for the caller. */
  end(reason: LeaveReason): void {
    if (!this.#retire()) return
    this.#ctx.drop(reason)
    runLeave(this.#ctx, this.#definition, reason, this.#services.log)
  }

  /**
   * Makes room for a newer join of the same session. Its presence stays, for the newer one to take over, which lets
   * its farewell go when it has an answer of its own.
   */
  replace(): void {
    if (!this.#retire()) return
    runLeave(this.#ctx, this.#definition, 'replaced', this.#services.log)
    this.answers.hold()
    this.answers.closeFor(replaced())
  }

  /** Makes room for a second join that goes on with this one: neither the application nor the client is told of an end. */
  giveWay(): void {
    if (this.#retire()) this.answers.hold()
  }

  /** Ends it, and tells the client why. */
  putOut(reason: LeaveReason, problem?: Fault): void {
    if (this.isGone) return
    this.#quit(reason)
    if (problem) this.answers.closeFor(problem)
    else this.answers.close({ reason })
  }

  /** Puts the session out of a topic in which it may not be any more. */
  expel(problem: Fault): void {
    this.#quit('kicked')
    this.answers.expel(problem)
  }

  // --- within ----------------------------------------------------------------------------------------------------

  #runJoin(payload: JsonObject): Reply | Promise<Reply> {
    const run = () => {
      this.#ctx.joining(true)
      const reply = runJoin(this.#ctx, this.#definition, payload, this.#services)
      if (isPromise(reply)) return reply.finally(() => this.#ctx.joining(false))
      this.#ctx.joining(false)
      return reply
    }
    return this.#permission.ask<Reply>(run, (refusal) => refusal)
  }

  /** Does it in its turn. Where too many wait for theirs, the message that asks for it is answered so. */
  #inTurn(ref: MessageRef, task: () => void | Promise<void>): void {
    if (this.#queue.push(task)) return
    const { maxWaitingMessages, handlerTimeoutMs } = this.#services
    this.answers.reply(ref, new Refusal(tooManyWaiting(maxWaitingMessages, handlerTimeoutMs)))
  }

  #refuseJoin(message: JoinMessage, refusal: Refusal, onRefused: () => void): void {
    this.answers.reply(message.ref, refusal)
    const { claim } = this.attachment
    if (claim) this.answers.reply(claim.ref, refusal)
    this.end('left')
    onRefused()
  }

  /** Its client came back, and may not be here any more. */
  #refuseReturn(message: JoinMessage, refusal: Refusal): void {
    const claim = this.attachment.claim ?? message
    this.#quit('kicked')
    this.answers.reply(claim.ref, refusal)
  }

  /** Ends it, and its session knows it no more. */
  #quit(reason: LeaveReason): void {
    this.end(reason)
    this.#session.forget(this.topic)
  }

  /** Resolves with the refusal where the store does not say in time who is in the topic. */
  async #attach(message: JoinMessage): Promise<Refusal | null> {
    const { clock, storeTimeoutMs } = this.#services
    const admitted = () => {
      this.answers.reply(message.ref, this.#response)
      this.answers.releaseOlder()
    }
    const isLate = await withTimeout<boolean>(
      this.attachment.enter(message, admitted, this.#ctx.ownRef).then(() => false),
      storeTimeoutMs,
      clock,
      () => this.attachment.isWaitingFor(message),
    )
    return isLate ? new Refusal(storeSilent(this.topic, storeTimeoutMs)) : null
  }

  #take(message: ChannelMessage): void | Promise<void> {
    const { answers, topic } = this
    // It waited for a join that was refused, or for something that outlived the membership.
    if (this.isGone) return answers.reply(message.ref, new Refusal(notJoined(topic)))
    if (this.#permission.isReadOnly) return answers.reply(message.ref, new Refusal(readOnly(topic)))
    const settle = (reply: Reply) => {
      answers.reply(message.ref, reply)
      answers.release()
    }
    answers.hold()
    const reply = runMessage(this.#ctx, this.#definition, message, this.#services)
    if (isPromise(reply)) return reply.then(settle)
    settle(reply)
  }

  /** What waits in the queue is answered after that: the membership is over. */
  #retire(): boolean {
    if (!this.attachment.end()) return false
    this.#ctx.remember()
    this.answers.releaseOlder()
    return true
  }
}
