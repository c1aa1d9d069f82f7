import { binaryFrameAsText } from '@rollcall/shared-protocol'
import type { Clock, Timer } from '../io/clock'
import type { Packet } from '../io/packet'
import type { Wire, WireEvents } from '../io/wire'
import type { Post } from './longpoll-body'

/*
 *   server  --send--> queue --200, messages--> unread answer --taken--> onDrain
 *   client  --poll--> sign of life; waits up to windowMs, then 204
 *           --post--> onMessage; onUnread, for what is no message
 *   server  --close-> what is queued with the next poll, and 410 with the one after it
 *
 * An answer is unread until the peer's TCP has taken all of it. Its bytes count as waiting until then, no poll is given
 * messages meanwhile, and it ends the wire where nothing of it moves for silenceMs. (S-44)
 *
 * A WebSocket's stand-in for a client that can have none. The connection behind it knows no difference: its ping ends
 * the poll that waits, and the next one is the answer. So a client that stops polling is found as any silent peer is,
 * within `pingIntervalMs + pongTimeoutMs`. (S-8)
 */

/** 200 with messages, 204 where there are none yet, 410 where the wire is over. */
export type PollStatus = 200 | 204 | 410

/** A client's request that waits for messages. */
export interface Poll {
  /** Ends it. Called once. What becomes of an answer with messages is told by {@link LongPollWire.progress}. */
  answer(status: PollStatus, messages: readonly string[]): void
  /** Cuts off the answer, which the peer has not taken. */
  cut(): void
}

export interface LongPollWireContext {
  readonly clock: Clock
  /** Milliseconds that a poll waits for messages. */
  readonly windowMs: number
  /** Milliseconds that the client has to fetch what is queued when the server closes. */
  readonly closeTimeoutMs: number
  /** Milliseconds in which something of an answer has to move. */
  readonly silenceMs: number
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
  /** Of all that it was ever given. */
  #givenBytes = 0
  /** The latest one, and whether it still waits. */
  #poll: Poll | null = null
  #isWaiting = false
  /** Of the poll that waits; when closing, of the wire. */
  #timer: Timer | null = null
  /** The poll whose answer the peer has not taken yet, and the bytes left of it. */
  #unread: Poll | null = null
  #unreadBytes = 0
  /** Of the unread answer. */
  #silence: Timer | null = null

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
    // Who asks on without waiting for the answer could ask thousands of times a second. (S-97)
    if (this.#isWaiting && this.#phase === 'open') this.#events?.onNonMessageBytes(0, true)
    this.#answer(204)
    // To ask on without reading shows no sign of life.
    if (!this.#unread) this.#events?.onPong()
    this.#poll = poll
    this.#isWaiting = true
    this.#serve()
    if (this.#isWaiting && this.#phase === 'open')
      this.#timer = this.#context.clock.after(this.#context.windowMs, () => this.#answer(204))
  }

  /** Of a poll's answer so many bytes are still in this process; 0 once the peer has taken all. Never called within a call. */
  progress(poll: Poll, restBytes: number): void {
    if (poll !== this.#unread) return
    this.#unreadBytes = Math.min(this.#unreadBytes, restBytes)
    if (restBytes > 0) this.#watchSilence()
    else this.#forgetUnread()
    if (this.#phase === 'open') this.#events?.onPong()
    this.#serve()
    if (this.#phase === 'open' && this.bufferedBytes === 0) this.#events?.onDrain()
  }

  /**
   * A poll's request ended before its answer was through. The client has given it up, and with it this wire: whatever
   * was in the answer is lost, so it could not go on here.
   */
  lose(poll: Poll): void {
    if ((poll !== this.#poll && poll !== this.#unread) || this.#phase === 'over') return
    if (poll === this.#poll) this.#isWaiting = false
    if (poll === this.#unread) this.#forgetUnread()
    this.#ending = { code: 1006, reason: '' }
    this.#finish()
  }

  /** Whether it takes what the client posts. */
  get isOpen(): boolean {
    return this.#phase === 'open'
  }

  /** Of a post that comes to nothing so many bytes were read. */
  spend(bytes: number): void {
    if (this.#phase === 'open') this.#events?.onNonMessageBytes(bytes, false)
  }

  /** Takes what the client posted. Whether the wire was there to take it. */
  post({ messages, idleBytes }: Post): boolean {
    if (idleBytes > 0) this.spend(idleBytes)
    for (const { data, isBinary, wireBytes } of messages) {
      if (this.#phase !== 'open') return false
      this.#events?.onMessage(data, isBinary, wireBytes)
    }
    return this.#phase === 'open'
  }

  /** A post of so many bytes is not taken, and the client is told so. */
  refuse(bytes: number): void {
    if (this.#phase === 'open') this.#events?.onNonMessageBytes(bytes, true)
  }

  // --- Wire ------------------------------------------------------------------------------------------------------

  get bufferedBytes(): number {
    return this.#queuedBytes + this.#unreadBytes
  }

  get sentBytes(): number {
    return this.#givenBytes - this.bufferedBytes
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
        this.#givenBytes += bytes
        if (!isState) owedBytes += bytes
      }
    }
    this.#serve()
    return owedBytes
  }

  /** Whatever waits is waited for: see {@link progress}. */
  watchDrain(): void {}

  ping(): void {
    this.#answer(204)
  }

  close(code: number, reason: string): void {
    if (this.#phase !== 'open') return
    this.#phase = 'closing'
    this.#ending = { code, reason }
    if (this.bufferedBytes === 0) this.#finish()
    else {
      this.#timer?.cancel()
      this.#timer = this.#context.clock.after(this.#context.closeTimeoutMs, () => this.#finish())
    }
  }

  terminate(): void {
    if (this.#phase !== 'over') this.#finish()
  }

  // --- within ----------------------------------------------------------------------------------------------------

  /** Gives the poll that waits what it may have now. */
  #serve(): void {
    if (!this.#isWaiting || this.#unread) return
    if (this.#queue.length > 0) this.#flush()
    else if (this.#phase === 'closing') this.#finish()
  }

  #flush(): void {
    const messages = this.#queue
    this.#unread = this.#poll
    this.#unreadBytes = this.#queuedBytes
    this.#queue = []
    this.#queuedBytes = 0
    this.#watchSilence()
    this.#answer(200, messages)
  }

  #watchSilence(): void {
    this.#silence?.cancel()
    this.#silence = this.#context.clock.after(this.#context.silenceMs, () => this.terminate())
  }

  #forgetUnread(): void {
    this.#silence?.cancel()
    this.#unread = null
    this.#unreadBytes = 0
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
    this.#unread?.cut()
    this.#forgetUnread()
    this.#answer(410)
    this.#context.onOver()
    const { code, reason } = this.#ending
    // Never within the caller, who may be the connection itself.
    this.#context.clock.soon(() => this.#events?.onClose(code, reason))
  }
}
