import { binaryFrameAsText } from '@rollcall/shared-protocol'
import type { Clock, Timer } from '../io/clock'
import type { Packet } from '../io/packet'
import type { Wire, WireEvents } from '../io/wire'
import type { Post } from './longpoll-body'

/*
 *   server  --send--> queue --200, messages--> unread response --read by the peer--> onDrain
 *   client  --poll--> sign of life; waits up to windowMs, then 204
 *           --post--> onMessage; onNonMessageBytes for the rest
 *   server  --close-> queued messages with the next poll, and 410 with the one after it
 *
 * A response is unread until the peer's TCP has taken all of it. Until then its bytes count as waiting, and polls get no
 * messages. The wire ends if none of its bytes move for silenceMs. (S-44)
 *
 * A connection uses this wire as it uses a WebSocket. Its ping ends the waiting poll, and the next poll is the pong. So the
 * heartbeat finds a client that stops polling within `pingIntervalMs + pongTimeoutMs`, as it does any silent peer. (S-8)
 */

/** 200 with messages, 204 without, 410 when the wire has ended. */
export type PollStatus = 200 | 204 | 410

/** A client's request that waits for messages. */
export interface Poll {
  /** Responds to the poll. Called once. Report the progress of a response with messages to {@link LongPollWire.progress}. */
  answer(status: PollStatus, messages: readonly string[]): void
  /** Closes the connection of an unread response. */
  cut(): void
}

export interface LongPollWireContext {
  readonly clock: Clock
  /** Milliseconds that a poll waits for messages. */
  readonly windowMs: number
  /** Milliseconds in which the client can fetch queued messages after a close. */
  readonly closeTimeoutMs: number
  /** Longest time without progress of a response, in milliseconds. */
  readonly silenceMs: number
  /** Called when the wire has ended and accepts no more polls. */
  readonly onOver: () => void
}

export class LongPollWire implements Wire {
  readonly #context: LongPollWireContext
  #events: WireEvents | null = null
  #phase: 'open' | 'closing' | 'over' = 'open'
  #ending: { readonly code: number; readonly reason: string } = { code: 1006, reason: '' }
  #queue: string[] = []
  #queuedBytes = 0
  /** Total bytes passed to `send`. */
  #givenBytes = 0
  /** The latest poll, and whether it still waits. */
  #poll: Poll | null = null
  #isWaiting = false
  /** Times out the waiting poll or, when closing, the wire. */
  #timer: Timer | null = null
  /** The poll with the unread response, and the response's remaining bytes. */
  #unread: Poll | null = null
  #unreadBytes = 0
  /** Times out the unread response. */
  #silence: Timer | null = null

  constructor(context: LongPollWireContext) {
    this.#context = context
  }

  /** Sets the receiver of events. Call it once, before any poll. */
  listen(events: WireEvents): void {
    this.#events = events
  }

  // --- the client's requests -------------------------------------------------------------------------------------

  /** Accepts a poll, and ends an older one that still waits. */
  poll(poll: Poll): void {
    if (this.#phase === 'over') return poll.answer(410, [])
    // A client that polls without waiting for the response could do so thousands of times a second. (S-97)
    if (this.#isWaiting && this.#phase === 'open') this.#events?.onNonMessageBytes(0, true)
    this.#answer(204)
    // A poll is no sign of life while the client does not read.
    if (!this.#unread) this.#events?.onPong()
    this.#poll = poll
    this.#isWaiting = true
    this.#serve()
    if (this.#isWaiting && this.#phase === 'open')
      this.#timer = this.#context.clock.after(this.#context.windowMs, () => this.#answer(204))
  }

  /** Reports how many bytes of a poll's response remain; 0 means that the peer has read all. Never call it from within a call. */
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
   * Call it when a poll's request ended before its response was sent. The messages in the response are lost, so the wire
   * ends.
   */
  lose(poll: Poll): void {
    if ((poll !== this.#poll && poll !== this.#unread) || this.#phase === 'over') return
    if (poll === this.#poll) this.#isWaiting = false
    if (poll === this.#unread) this.#forgetUnread()
    this.#ending = { code: 1006, reason: '' }
    this.#finish()
  }

  /** Whether it accepts posts. */
  get isOpen(): boolean {
    return this.#phase === 'open'
  }

  /** Counts the bytes of a post without a result. */
  spend(bytes: number): void {
    if (this.#phase === 'open') this.#events?.onNonMessageBytes(bytes, false)
  }

  /** Delivers a post. Returns whether the wire was open for all of it. */
  post({ messages, idleBytes }: Post): boolean {
    if (idleBytes > 0) this.spend(idleBytes)
    for (const { data, isBinary, wireBytes } of messages) {
      if (this.#phase !== 'open') return false
      this.#events?.onMessage(data, isBinary, wireBytes)
    }
    return this.#phase === 'open'
  }

  /** Counts the bytes of a refused post as a violation. */
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

  /** Does nothing, because {@link progress} reports every drain. */
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

  /** Responds to the waiting poll if there is something to send. */
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
    // Deferred, because the caller may be the connection itself.
    this.#context.clock.soon(() => this.#events?.onClose(code, reason))
  }
}
