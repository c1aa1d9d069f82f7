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
  readonly result: PendingResult<unknown>
  /** The ref of its reply; null while it is queued. */
  ref: string | null
}

/*
 *                      flush                reply
 *   queued (bounded) ---------> sent ------------------> settled
 *      |                          |                        ^
 *      +--------------------------+------------------------+
 *            timeout, connection lost, channel over
 */

/** The pushes of one channel that wait for the join or for their reply. */
export class PushQueue {
  readonly #connection: PushConnection
  readonly #channels: Pick<Channels, 'queuedPushes'>
  readonly #queued = new Set<PendingPush>()
  readonly #sent = new Map<MessageRef, PendingPush>()

  constructor(connection: PushConnection, channels: Pick<Channels, 'queuedPushes'>) {
    this.#connection = connection
    this.#channels = channels
  }

  /** Pushes that wait for the join or for their reply. */
  get size(): number {
    return this.#queued.size + this.#sent.size
  }

  /** Sends the push in the join, or queues it if `joinRef` is null. (C-8) */
  send(push: Push, joinRef: string | null): Promise<unknown> {
    const { clock, maxQueuedPushes } = this.#connection.options
    if (joinRef === null && this.#channels.queuedPushes >= maxQueuedPushes)
      return Promise.reject(fullError(push, maxQueuedPushes))
    const pending: PendingPush = {
      push,
      ref: null,
      result: new PendingResult(clock, push.timeoutMs, () => this.#timeOut(pending)),
    }
    if (joinRef === null) {
      this.#queued.add(pending)
      this.#channels.queuedPushes += 1
    } else this.#transmit(pending, joinRef)
    return pending.result.promise
  }

  /** Sends the queued pushes in their order. */
  flush(joinRef: string): void {
    for (const pending of this.#queued) {
      this.#unqueue(pending)
      this.#transmit(pending, joinRef)
    }
  }

  /** Settles the push with this ref. Ignores a reply to a push that has timed out. */
  onReply(ref: MessageRef, error: JsonObject | null, response: unknown): void {
    const pending = this.#sent.get(ref)
    if (!pending) return
    this.#sent.delete(ref)
    if (error === null) pending.result.resolve(response)
    else pending.result.reject(refusalError('push_failed', `${pending.push.what} failed`, readRefusal(error)))
  }

  /** Rejects the pushes that were sent, because no reply comes. They are not sent again: the server may have acted. */
  failSent(): void {
    const lost = [...this.#sent.values()]
    this.#sent.clear()
    for (const { push, result } of lost) result.reject(lostError(push))
  }

  failAll(error: RollcallError): void {
    const all = [...this.#sent.values(), ...this.#queued]
    this.#sent.clear()
    for (const pending of this.#queued) this.#unqueue(pending)
    for (const { result } of all) result.reject(error)
  }

  #transmit(pending: PendingPush, joinRef: string): void {
    const { push, result } = pending
    const ref = this.#connection.nextRef()
    try {
      this.#connection.send(push.write(ref, joinRef))
      pending.ref = ref
      this.#sent.set(ref, pending)
      // A Phoenix channel need not reply, and the timeout would then be an unhandled rejection. (C-31)
      if (!this.#connection.dialect.repliesToPushes) result.markHandled()
    } catch (error) {
      result.reject(
        asRollcallError(error, 'invalid_argument', (why) => `${push.what} cannot be sent: ${why}`),
      )
    }
  }

  #unqueue(pending: PendingPush): void {
    if (this.#queued.delete(pending)) this.#channels.queuedPushes -= 1
  }

  #timeOut(pending: PendingPush): void {
    const { push, result, ref } = pending
    this.#unqueue(pending)
    this.#sent.delete(ref)
    const advice = ref ? 'The server may have acted on it.' : 'It was never sent.'
    result.reject(timeoutError(push.what, push.timeoutMs, advice))
  }
}

function fullError({ what }: Push, max: number): RollcallError {
  return new RollcallError(
    'queue_full',
    `${what} was not queued: ${max} pushes already wait for a join (maxQueuedPushes). Try again once joined.`,
  )
}

function lostError({ what }: Push): RollcallError {
  return new RollcallError(
    'disconnected',
    `The connection ended before ${what.replace(/^The/, 'the')} was answered. The server may have acted on it.`,
  )
}
