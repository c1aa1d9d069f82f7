import {
  type Fault,
  faultBody,
  type JsonObject,
  type MessageRef,
  type Payload,
  type ServerMessage,
  type Topic,
} from '@rollcall/shared-protocol'
import { Refusal, type Reply } from './reply'

/** The response of an empty reply, shared by all. */
export const EMPTY_RESPONSE: Payload = Object.freeze({})

/**
 * Sends a channel's replies and, at its end, its close message. The replies to the message that ended it and to the newer
 * join that replaced it go first: a client that receives the close forgets the channel and its pending pushes. (S-21)
 */
export class ChannelReplies {
  readonly #outlet: { send(message: ServerMessage): void }
  readonly #topic: Topic
  #joinRef: MessageRef
  /** The replaced channel's replies. Its close message waits for the reply to this channel's join. */
  #previous: ChannelReplies | null
  /** Replies that must go before the close message. */
  #deferrals = 0
  #closeMessage: ServerMessage | null = null
  #isSilent = false

  constructor(
    outlet: { send(message: ServerMessage): void },
    topic: Topic,
    joinRef: MessageRef,
    older: ChannelReplies | null,
  ) {
    this.#outlet = outlet
    this.#topic = topic
    this.#joinRef = joinRef
    this.#previous = older
  }

  /** The ref of the latest join, which the client uses for this channel. */
  get joinRef(): MessageRef {
    return this.#joinRef
  }

  setJoinRef(joinRef: MessageRef): void {
    this.#joinRef = joinRef
  }

  /** Replies to a message. If the message has no ref, only a refusal is sent. */
  reply(ref: MessageRef, reply: Reply): void {
    if (this.#isSilent) return
    const head = { kind: 'reply', topic: this.#topic, ref, joinRef: this.#joinRef } as const
    if (reply instanceof Refusal) this.#outlet.send({ ...head, status: 'error', fault: reply.fault })
    else if (ref !== null) this.#outlet.send({ ...head, status: 'ok', response: reply ?? EMPTY_RESPONSE })
  }

  /** Drops all further replies: a reloaded page did not send the messages. */
  silence(): void {
    this.#isSilent = true
  }

  /** Holds the close message back for one reply. Call {@link resumeClose} after that reply. */
  deferClose(): void {
    this.#deferrals++
  }

  resumeClose(): void {
    this.#deferrals--
    this.#flush()
  }

  /** Sends the close message once no reply must go first. */
  close(response: JsonObject): void {
    this.#closeMessage = { kind: 'channel_closed', topic: this.#topic, joinRef: this.#joinRef, response }
    this.#flush()
  }

  /** Like {@link close}, with the fault that ended the channel. */
  closeFor(problem: Fault): void {
    this.close(faultBody(problem))
  }

  /** Like {@link closeFor}. After a failure of the application's code, the client may join again. */
  closeWithFault(problem: Fault): void {
    const isFailure = problem.code === 'handler_failed' || problem.code === 'handler_timeout'
    if (!isFailure) return this.closeFor(problem)
    this.#closeMessage = {
      kind: 'channel_failed',
      topic: this.#topic,
      joinRef: this.#joinRef,
      fault: problem,
    }
    this.#flush()
  }

  /** Drops the replaced channel's close message. */
  forgetPrevious(): void {
    this.#previous = null
  }

  /** Sends the replaced channel's close message: the join has its reply, or will not get one. */
  resumePrevious(): void {
    this.#previous?.resumeClose()
    this.#previous = null
  }

  #flush(): void {
    if (this.#deferrals > 0 || !this.#closeMessage) return
    this.#outlet.send(this.#closeMessage)
    this.#closeMessage = null
  }
}
