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

/** What there is to say where there is nothing; one for all. */
export const EMPTY_RESPONSE: Payload = Object.freeze({})

/**
 * What a membership tells its client in answer: replies, and last its farewell, that it is over. Replies that are due go
 * before that, to the message whose handler ended it and to the newer join that took its place: a client forgets a
 * channel that is closed, and its pushes with it. (S-21)
 */
export class ChannelReplies {
  readonly #outlet: { send(message: ServerMessage): void }
  readonly #topic: Topic
  #joinRef: MessageRef
  /** Of the membership whose place it takes: their farewell is held back until the join of this one is answered. */
  #previous: ChannelReplies | null
  /** Replies that go before the farewell. */
  #holds = 0
  #closeMessage: ServerMessage | null = null
  #isMute = false

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

  /** Of the join that the client knows it by. */
  get joinRef(): MessageRef {
    return this.#joinRef
  }

  /** The client knows it by another join from now on. */
  setJoinRef(joinRef: MessageRef): void {
    this.#joinRef = joinRef
  }

  /** Replies to a message; where that has no ref, with a refusal only. */
  reply(ref: MessageRef, reply: Reply): void {
    if (this.#isMute) return
    const head = { kind: 'reply', topic: this.#topic, ref, joinRef: this.#joinRef } as const
    if (reply instanceof Refusal) this.#outlet.send({ ...head, status: 'error', fault: reply.fault })
    else if (ref !== null) this.#outlet.send({ ...head, status: 'ok', response: reply ?? EMPTY_RESPONSE })
  }

  /** From here on no message is replied to: the client is another program now. */
  silence(): void {
    this.#isMute = true
  }

  /** A reply goes before the farewell. To be followed by a {@link resumeClose}. */
  deferClose(): void {
    this.#holds++
  }

  /** It has gone. */
  resumeClose(): void {
    this.#holds--
    this.#flush()
  }

  /** Says that it is over, as soon as no reply goes first. */
  close(response: JsonObject): void {
    this.#closeMessage = { kind: 'channel_closed', topic: this.#topic, joinRef: this.#joinRef, response }
    this.#flush()
  }

  /** The same, with why it is over. */
  closeFor(problem: Fault): void {
    this.close(faultBody(problem))
  }

  /** The same of a session that may not be here any more; after a failure of ours its client may join again. */
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

  /** The membership whose place it takes is of no interest to the client. */
  forgetPrevious(): void {
    this.#previous = null
  }

  /** Its join is answered, or will not be: the membership before it may say farewell. */
  resumePrevious(): void {
    this.#previous?.resumeClose()
    this.#previous = null
  }

  #flush(): void {
    if (this.#holds > 0 || !this.#closeMessage) return
    this.#outlet.send(this.#closeMessage)
    this.#closeMessage = null
  }
}
