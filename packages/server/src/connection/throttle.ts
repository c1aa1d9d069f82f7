import { type ClientMessage, type Fault, fault } from '@rollcall/shared-protocol'
import { nextTatMs, spentTatMs, waitMsOf } from '../gcra'
import type { Clock, Timer } from '../io/clock'
import { KeptUpdates, type OwnUpdate } from './kept-updates'
import type { Paces, RateName, RatesOptions } from './rates'

/*
 *   message --takes--> true: go on with it
 *              |-----> an update of a topic that it is in: kept ----its time has come--> onDue
 *              |                    `--a later one took its place--> onThrottled
 *              `-----> onThrottled, and one offence
 *   refused, offend ---> onAbuse, where there were too many
 *
 * A number for each rate, and a timer only while an update is kept. A connection that is quiet needs none of this: it
 * is as good as a new one.
 */

/** Of a frame that found no room for its bytes, one offence for each so many: all of it was inflated and read in vain. */
const BYTES_PER_OFFENCE = 4096

/** What all connections of a node share. */
export interface ThrottleContext {
  readonly clock: Clock
  readonly rates: RatesOptions
  readonly paces: Paces
  /** Bytes of the frames of one connection that are kept. */
  readonly maxKeptBytes: number
}

/** What the throttle tells its connection. */
export interface ThrottleEvents {
  /** Whether the latest update of the topic is worth to be kept. */
  isIn(topic: string): boolean
  /** The time of an update that was kept has come. */
  onDue(update: OwnUpdate): void
  /** The message is not taken, and is to be answered so. */
  onThrottled(message: ClientMessage, problem: Fault): void
  /** Too much was refused. */
  onAbuse(): void
}

const SINGULAR: Readonly<Record<RateName, string>> = {
  messages: 'message',
  bytes: 'byte',
  joins: 'join',
  updates: 'update',
  refreshes: 'refresh',
  abuse: 'offence',
}

/** How fast one connection sends. (S-36) */
export class Throttle {
  readonly #context: ThrottleContext
  readonly #events: ThrottleEvents
  // The GCRA's number for each rate.
  #messages = 0
  #bytes = 0
  #joins = 0
  #updates = 0
  #refreshes = 0
  #abuse = 0
  #kept: KeptUpdates | null = null
  #timer: Timer | null = null

  constructor(context: ThrottleContext, events: ThrottleEvents) {
    this.#context = context
    this.#events = events
  }

  /** Whether it may be forgotten: nothing of what was sent counts any more, and nothing is kept. */
  isOver(nowMs: number): boolean {
    const sentMs = Math.max(this.#messages, this.#bytes, this.#joins, this.#updates, this.#refreshes)
    const lastMs = Math.max(sentMs, this.#abuse)
    return lastMs <= nowMs && this.#timer === null
  }

  /** Whether to go on with a message now. Where not, it is seen to here. `bytes`: of its frame. */
  takes(message: ClientMessage, bytes: number, nowMs: number): boolean {
    const { paces } = this.#context
    const bytesWaitMs = waitMsOf(this.#bytes, nowMs, paces.bytes, bytes)
    if (bytesWaitMs > 0) return this.#refuse(message, 'bytes', bytesWaitMs, nowMs, offencesIn(bytes))
    // Before the other rates: what they refuse has been read, too.
    this.#bytes = nextTatMs(this.#bytes, nowMs, paces.bytes, bytes)
    const waitMs = waitMsOf(this.#messages, nowMs, paces.messages)
    if (waitMs > 0) return this.#refuse(message, 'messages', waitMs, nowMs)
    if (message.kind === 'join' || message.kind === 'appear') {
      const joinWaitMs = waitMsOf(this.#joins, nowMs, paces.joins)
      if (joinWaitMs > 0) return this.#refuse(message, 'joins', joinWaitMs, nowMs)
      this.#joins = nextTatMs(this.#joins, nowMs, paces.joins)
    }
    if (message.kind === 'refresh') {
      const refreshWaitMs = waitMsOf(this.#refreshes, nowMs, paces.refreshes)
      if (refreshWaitMs > 0) return this.#refuse(message, 'refreshes', refreshWaitMs, nowMs)
      this.#refreshes = nextTatMs(this.#refreshes, nowMs, paces.refreshes)
    }
    this.#messages = nextTatMs(this.#messages, nowMs, paces.messages)
    if (message.kind !== 'update' && message.kind !== 'patch') return true
    const updateWaitMs = this.#updateWaitMs(nowMs)
    // One that is kept has its turn first.
    if (updateWaitMs > 0 || this.#timer) return this.#keep(message, bytes, updateWaitMs, nowMs)
    this.#updates = nextTatMs(this.#updates, nowMs, paces.updates)
    return true
  }

  /** Bytes came in which there is no message. */
  spend(bytes: number, nowMs: number): void {
    this.#bytes = spentTatMs(this.#bytes, nowMs, this.#context.paces.bytes, bytes)
  }

  /** A frame was refused, of so many bytes: they count, and it is an offence. */
  refused(bytes: number, nowMs: number): void {
    this.spend(bytes, nowMs)
    this.offend(nowMs)
  }

  /** One offence, or one that counts as several. (S-37) */
  offend(nowMs: number, offences = 1): void {
    const { abuse } = this.#context.paces
    if (waitMsOf(this.#abuse, nowMs, abuse) > 0) this.#events.onAbuse()
    else this.#abuse = spentTatMs(this.#abuse, nowMs, abuse, offences)
  }

  /** The connection ends: what is kept is dropped. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#kept = null
  }

  #updateWaitMs(nowMs: number): number {
    return waitMsOf(this.#updates, nowMs, this.#context.paces.updates)
  }

  #refuse(message: ClientMessage, name: RateName, waitMs: number, nowMs: number, offences = 1): false {
    this.#events.onThrottled(message, this.#faultOf(name, waitMs, 'try again later'))
    this.offend(nowMs, offences)
    return false
  }

  #keep(update: OwnUpdate, bytes: number, waitMs: number, nowMs: number): false {
    const { clock, maxKeptBytes } = this.#context
    if (!this.#events.isIn(update.topic)) return this.#refuse(update, 'updates', waitMs, nowMs)
    this.#kept ??= new KeptUpdates(maxKeptBytes)
    const keeping = this.#kept.keep(update, bytes)
    if (keeping.kind === 'refused') return this.#refuse(update, 'updates', waitMs, nowMs)
    this.#timer ??= clock.after(Math.max(0, waitMs), () => this.#release())
    const { replaced } = keeping
    if (replaced)
      this.#events.onThrottled(replaced, this.#faultOf('updates', waitMs, 'a later one took its place'))
    return false
  }

  /** Lets go what is kept, as far as its time has come. */
  #release(): void {
    const { clock, paces } = this.#context
    this.#timer = null
    const nowMs = clock.now()
    while (this.#kept && this.#kept.size > 0) {
      const waitMs = this.#updateWaitMs(nowMs)
      if (waitMs > 0) {
        this.#timer = clock.after(waitMs, () => this.#release())
        return
      }
      const update = this.#kept.take()
      this.#updates = nextTatMs(this.#updates, nowMs, paces.updates)
      if (update) this.#events.onDue(update)
    }
  }

  #faultOf(name: RateName, waitMs: number, advice: string): Fault {
    const rate = this.#context.rates[name]
    const perSecond = rate === false ? 0 : rate.perSecond
    const counted = perSecond === 1 ? SINGULAR[name] : name
    const text = `More than ${perSecond} ${counted} a second (server option rates.${name}.perSecond); ${advice}.`
    return fault('throttled', text, { retryAfterMs: Math.max(1, Math.ceil(waitMs)) })
  }
}

function offencesIn(bytes: number): number {
  return 1 + Math.floor(bytes / BYTES_PER_OFFENCE)
}
