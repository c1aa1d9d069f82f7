import type { ClientMessage, JsonObject, MessageRef } from '@rollcall/shared-protocol'
import { PendingResult } from '../async/timer'
import type { ClientConnection } from '../connection/client-connection'
import { asRollcallError, RollcallError, timeoutError } from '../errors'
import { readRefusal, refusalError } from '../refusal'
import type { Channels } from './channels'

/** The part of the connection that pushes use. */
type PushConnection = Pick<ClientConnection, 'options' | 'dialect' | 'nextRef' | 'send'>

/** A message that the server replies to. */
export interface Push {
  /** The subject of a sentence, such as `The push "new_msg" to "room:lobby"`. */
  readonly what: string
  readonly timeoutMs: number
  write(ref: string, joinRef: string): ClientMessage
}

interface PendingPush {
  readonly push: Push
  readonly waiter: PendingResult<unknown>
  /** What its answer will carry; null while it is queued. */
  ref: string | null
}

/*
 *                      flush                answer
 *   queued (bounded) ---------> sent ------------------> settled
 *      |                          |                        ^
 *      +--------------------------+------------------------+
 *            timeout, connection lost, channel over
 */

/** One channel's pushes: those that wait for the join, and those that wait for their answer. */
export class PushQueue {
  readonly #connection: PushConnection
  readonly #channels: Pick<Channels, 'queuedPushes'>
  readonly #queued = new Set<PendingPush>()
  readonly #sent = new Map<MessageRef, PendingPush>()

  constructor(connection: PushConnection, channels: Pick<Channels, 'queuedPushes'>) {
    this.#connection = connection
    this.#channels = channels
  }

  /** Pushes that wait, for a join or for their answer. */
  get size(): number {
    return this.#queued.size + this.#sent.size
  }

  /** Sends at once where there is a join to send in, queues otherwise. (C-8) */
  send(push: Push, joinRef: string | null): Promise<unknown> {
    const { clock, maxQueuedPushes } = this.#connection.options
    if (joinRef === null && this.#channels.queuedPushes >= maxQueuedPushes)
      return Promise.reject(fullError(push, maxQueuedPushes))
    const pending: PendingPush = {
      push,
      ref: null,
      waiter: new PendingResult(clock, push.timeoutMs, () => this.#timeOut(pending)),
    }
    if (joinRef === null) {
      this.#queued.add(pending)
      this.#channels.queuedPushes += 1
    } else this.#transmit(pending, joinRef)
    return pending.waiter.promise
  }

  /** Sends what waited, in the order in which it was pushed. */
  flush(joinRef: string): void {
    for (const pending of this.#queued) {
      this.#unqueue(pending)
      this.#transmit(pending, joinRef)
    }
  }

  /** An answer to nothing that waits, because it timed out or never was, is let fall. */
  answer(ref: MessageRef, error: JsonObject | null, response: unknown): void {
    const pending = this.#sent.get(ref)
    if (!pending) return
    this.#sent.delete(ref)
    if (error === null) pending.waiter.resolve(response)
    else pending.waiter.reject(refusalError('push_failed', `${pending.push.what} failed`, readRefusal(error)))
  }

  /** No answer comes any more to what was sent; it is not sent again, as the server may have acted on it. */
  failSent(): void {
    const lost = [...this.#sent.values()]
    this.#sent.clear()
    for (const { push, waiter } of lost) waiter.reject(lostError(push))
  }

  failAll(error: RollcallError): void {
    const all = [...this.#sent.values(), ...this.#queued]
    this.#sent.clear()
    for (const pending of this.#queued) this.#unqueue(pending)
    for (const { waiter } of all) waiter.reject(error)
  }

  #transmit(pending: PendingPush, joinRef: string): void {
    const { push, waiter } = pending
    const ref = this.#connection.nextRef()
    try {
      this.#connection.send(push.write(ref, joinRef))
      pending.ref = ref
      this.#sent.set(ref, pending)
      // Else every event that a channel takes without a word would end as an unhandled rejection.
      if (!this.#connection.dialect.repliesToPushes) waiter.markHandled()
    } catch (error) {
      waiter.reject(
        asRollcallError(error, 'invalid_argument', (why) => `${push.what} cannot be sent: ${why}`),
      )
    }
  }

  #unqueue(pending: PendingPush): void {
    if (this.#queued.delete(pending)) this.#channels.queuedPushes -= 1
  }

  #timeOut(pending: PendingPush): void {
    const { push, waiter, ref } = pending
    this.#unqueue(pending)
    this.#sent.delete(ref)
    const advice = ref ? 'The server may have acted on it.' : 'It was not sent, and will not be.'
    waiter.reject(timeoutError(push.what, push.timeoutMs, advice))
  }
}

function fullError({ what }: Push, max: number): RollcallError {
  return new RollcallError(
    'queue_full',
    `${what} was not queued: ${max} pushes already wait for their channels to be joined (option maxQueuedPushes).`,
  )
}

function lostError({ what }: Push): RollcallError {
  return new RollcallError(
    'disconnected',
    `The connection ended before ${what.replace(/^The/, 'the')} was answered. The server may have acted on it.`,
  )
}
