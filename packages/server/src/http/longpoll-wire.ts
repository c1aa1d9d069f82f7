import { binaryFrameAsText } from '@rollcall/shared-protocol'
import type { Clock, Timer } from '../io/clock'
import type { Packet } from '../io/packet'
import type { Wire, WireEvents } from '../io/wire'
import type { Post } from './longpoll-body'

/*
 *   server  --send--> queue --200, messages--> poll that waits
 *   client  --poll--> sign of life; waits up to windowMs, then 204
 *           --post--> onMessage; onUnread, for what is no message
 *   server  --close-> what is queued with the next poll, and 410 with the one after it
 *
 * A WebSocket's stand-in for a client that can have none. The connection behind it knows no difference: its ping ends
 * the poll that waits, and the next one is the answer. So a client that stops polling is found as any silent peer is,
 * within `pingIntervalMs + pongTimeoutMs`. (S-8)
 */

/** 200 with messages, 204 where there are none yet, 410 where the wire is over. */
export type PollStatus = 200 | 204 | 410

/** A client's request that waits for messages. */
export interface Poll {
  /** Ends it. Called once. */
  answer(status: PollStatus, messages: readonly string[]): void
}

export interface LongPollWireContext {
  readonly clock: Clock
  /** Milliseconds that a poll waits for messages. */
  readonly windowMs: number
  /** Milliseconds that the client has to fetch what is queued when the server closes. */
  readonly closeTimeoutMs: number
  /** No poll will be taken any more. */
  readonly onOver: () => void
}

export class LongPollWire implements Wire {
  readonly #context: LongPollWireContext
  #events: WireEvents | null = null
  #phase: 'open' | 'closing' | 'over' = 'open'
  #ending: { readonly code: number; readonly reason: string } = { code: 1006, reason: '' }
  #queue: string[] = []
  #queuedBytes = 0
  /** The latest one, and whether it still waits. */
  #poll: Poll | null = null
  #isWaiting = false
  /** Of the poll that waits; when closing, of the wire. */
  #timer: Timer | null = null

  constructor(context: LongPollWireContext) {
    this.#context = context
  }

  /** Names the server's side, once it is there. */
  listen(events: WireEvents): void {
    this.#events = events
  }

  // --- the client's requests -------------------------------------------------------------------------------------

  /** Takes a poll. One that still waits is ended: of two, the newer one is the client's. */
  poll(poll: Poll): void {
    if (this.#phase === 'over') return poll.answer(410, [])
    this.#answer(204)
    this.#events?.onPong()
    this.#poll = poll
    this.#isWaiting = true
    if (this.#queue.length > 0) this.#flush()
    else if (this.#phase === 'closing') this.#finish()
    else this.#timer = this.#context.clock.after(this.#context.windowMs, () => this.#answer(204))
  }

  /**
   * A poll's request ended before its answer was through. The client has given it up, and with it this wire: whatever
   * was in the answer is lost, so it could not go on here.
   */
  lose(poll: Poll): void {
    if (poll !== this.#poll || this.#phase === 'over') return
    this.#isWaiting = false
    this.#ending = { code: 1006, reason: '' }
    this.#finish()
  }

  /** Takes what the client posted. Whether the wire was there to take it. */
  post({ messages, idleBytes }: Post): boolean {
    if (this.#phase === 'open' && idleBytes > 0) this.#events?.onUnread(idleBytes, false)
    for (const { data, isBinary, wireBytes } of messages) {
      if (this.#phase !== 'open') return false
      this.#events?.onMessage(data, isBinary, wireBytes)
    }
    return this.#phase === 'open'
  }

  /** A post of so many bytes is not taken, and the client is told so. */
  refuse(bytes: number): void {
    if (this.#phase === 'open') this.#events?.onUnread(bytes, true)
  }

  // --- Wire ------------------------------------------------------------------------------------------------------

  get bufferedBytes(): number {
    return this.#queuedBytes
  }

  send(packets: readonly Packet[]): number {
    if (this.#phase !== 'open') return 0
    let owedBytes = 0
    for (const { frames, isState } of packets) {
      for (const frame of frames) {
        const message = typeof frame === 'string' ? frame : binaryFrameAsText(frame)
        const bytes = Buffer.byteLength(message)
        this.#queue.push(message)
        this.#queuedBytes += bytes
        if (!isState) owedBytes += bytes
      }
    }
    if (this.#isWaiting) this.#flush()
    return owedBytes
  }

  /** Whatever waits is waited for: see `#flush`. */
  watchDrain(): void {}

  ping(): void {
    this.#answer(204)
  }

  close(code: number, reason: string): void {
    if (this.#phase !== 'open') return
    this.#phase = 'closing'
    this.#ending = { code, reason }
    if (this.#queue.length === 0) this.#finish()
    else this.#timer = this.#context.clock.after(this.#context.closeTimeoutMs, () => this.#finish())
  }

  terminate(): void {
    if (this.#phase !== 'over') this.#finish()
  }

  // --- within ----------------------------------------------------------------------------------------------------

  #flush(): void {
    const messages = this.#queue
    this.#queue = []
    this.#queuedBytes = 0
    this.#answer(200, messages)
    // Never within the caller, who may be about to look at what waits.
    this.#context.clock.soon(() => {
      if (this.#phase === 'open') this.#events?.onDrain()
    })
  }

  #answer(status: PollStatus, messages: readonly string[] = []): void {
    if (!this.#isWaiting) return
    this.#isWaiting = false
    if (this.#phase === 'open') this.#timer?.cancel()
    this.#poll?.answer(status, messages)
  }

  #finish(): void {
    this.#phase = 'over'
    this.#timer?.cancel()
    this.#queue = []
    this.#queuedBytes = 0
    this.#answer(410)
    this.#context.onOver()
    const { code, reason } = this.#ending
    // Never within the caller, who may be the connection itself.
    this.#context.clock.soon(() => this.#events?.onClose(code, reason))
  }
}
