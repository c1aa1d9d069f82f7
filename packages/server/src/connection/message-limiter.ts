import { type ClientMessage, type Fault, fault } from '@rollcall/shared-protocol'
import { type Account, isGuests, nameAccount } from '../identity/account'
import type { Clock, Timer } from '../io/clock'
import { accountFactor, type RateIntervals, type RateName, type RatesOptions } from '../rate-limit/rates'
import type { AccountRateMeters } from './account-meters'
import { RateMeter } from './meter'
import type { MetaUpdate } from './pending-meta-change'
import { UpdateCoalescer, type UpdateCoalescerOptions } from './update-coalescer'

/*
 *   message --takes--> true: go on with it
 *              |-----> an update of a topic that it is in: kept ----its time has come--> onDue
 *              |                    `--a later one took its place--> onThrottled
 *              `-----> onThrottled, and one offence
 *   refused, offend ---> onAbuse, where there were too many
 *
 * Everything is counted twice: for the connection, and for its account over all its connections, so that nobody may send
 * more by connecting more often. A connection that is quiet needs none of this: it is as good as a new one.
 */

/** Of a frame that found no room for its bytes, one offence for each so many: all of it was inflated and read in vain. */
const BYTES_PER_VIOLATION = 4096
/** Each offence of a guest counts so many times while those of its whole address are used up. */
const GUEST_VIOLATIONS = 4

/** What all connections of a node share. */
export interface MessageLimiterContext {
  readonly clock: Clock
  readonly rates: RatesOptions
  /** Of one connection. */
  readonly paces: RateIntervals
  readonly accounts: AccountRateMeters
  readonly kept: UpdateCoalescerOptions
}

/** What the throttle tells its connection. */
export interface MessageLimiterEvents {
  /** Whether the latest update of the topic is worth to be kept. */
  isIn(topic: string): boolean
  /** The time of an update that was kept has come. */
  onDue(update: MetaUpdate): void
  /** The message is not taken, and is to be answered so. */
  onThrottled(message: ClientMessage, problem: Fault): void
  /** Too much was refused. */
  onAbuse(): void
}

/** Rates whose lack of room is told; offences are counted in silence. */
type ToldRate = Exclude<RateName, 'abuse'>

/** That a rate has no room. */
interface RateExcess {
  readonly name: ToldRate
  /** Milliseconds until it has. */
  readonly waitMs: number
  /** Whether the connection alone is too fast; otherwise its account is, over all its connections. */
  readonly isOwn: boolean
}

const SINGULAR: Readonly<Record<ToldRate, string>> = {
  messages: 'message',
  bytes: 'byte',
  joins: 'join',
  updates: 'update',
  refreshes: 'refresh',
}

/** How fast one connection sends, and its account. (S-36, S-52) */
export class MessageLimiter {
  readonly #context: MessageLimiterContext
  /** Null where the connection is counted for nobody. */
  readonly #account: Account | null
  readonly #events: MessageLimiterEvents
  readonly #own: RateMeter
  readonly #isOfGuests: boolean
  #kept: UpdateCoalescer | null = null
  /** Runs while an update is kept, whose turn is reserved for `#dueMs`. */
  #timer: Timer | null = null
  #dueMs = 0

  constructor(context: MessageLimiterContext, account: Account | null, events: MessageLimiterEvents) {
    this.#context = context
    this.#account = account
    this.#events = events
    this.#own = new RateMeter(context.paces)
    this.#isOfGuests = account !== null && isGuests(account)
  }

  /** Whether it may be forgotten: nothing of what was sent counts any more, and nothing is kept. */
  isIdle(nowMs: number): boolean {
    return this.#timer === null && this.#own.isIdle(nowMs)
  }

  /** Whether to go on with a message now. Where not, it is seen to here. `bytes`: what it cost to read. */
  takes(message: ClientMessage, bytes: number, nowMs: number): boolean {
    const cost = this.#costOf(bytes)
    const tooManyBytes = this.#excess('bytes', nowMs, cost)
    if (tooManyBytes) return this.#refuse(message, tooManyBytes, nowMs, violationsIn(bytes))
    // Before the other rates: what they refuse has been read, too.
    this.#take('bytes', nowMs, cost)
    const tooMany = this.#excess('messages', nowMs)
    if (tooMany) return this.#refuse(message, tooMany, nowMs)
    if (message.kind === 'join' || message.kind === 'appear') {
      const tooManyJoins = this.#excess('joins', nowMs)
      if (tooManyJoins) return this.#refuse(message, tooManyJoins, nowMs)
      this.#take('joins', nowMs)
    }
    if (message.kind === 'refresh') {
      const tooManyRefreshes = this.#excess('refreshes', nowMs)
      if (tooManyRefreshes) return this.#refuse(message, tooManyRefreshes, nowMs)
      this.#take('refreshes', nowMs)
    }
    this.#take('messages', nowMs)
    if (message.kind !== 'update' && message.kind !== 'patch') return true
    // One that is kept has its turn first.
    if (this.#timer || this.#excess('updates', nowMs)) return this.#keep(message, nowMs)
    this.#take('updates', nowMs)
    return true
  }

  /** Bytes came that carry no message. Where there is no room for them, that is an offence. */
  spend(bytes: number, nowMs: number): void {
    const excess = this.#spendBytes(bytes, nowMs)
    if (excess) this.#countViolation(nowMs, violationsIn(bytes), excess.isOwn)
  }

  /** A frame was refused, of so many bytes: they count, and it is an offence. */
  refused(bytes: number, nowMs: number): void {
    const excess = this.#spendBytes(bytes, nowMs)
    this.#countViolation(nowMs, excess ? violationsIn(bytes) : 1, true)
  }

  /** One offence of the connection. (S-37) */
  countViolation(nowMs: number): void {
    this.#countViolation(nowMs, 1, true)
  }

  /** The connection ends: what is kept is dropped. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#kept = null
  }

  // --- within ----------------------------------------------------------------------------------------------------

  #ofAccount(nowMs: number): RateMeter | null {
    return this.#account === null ? null : this.#context.accounts.of(this.#account, nowMs)
  }

  /** Null where there is room. */
  #excess(name: ToldRate, nowMs: number, cost = 1): RateExcess | null {
    const ownMs = this.#own.waitMs(name, nowMs, cost)
    if (ownMs > 0) return { name, waitMs: ownMs, isOwn: true }
    const accountMs = this.#ofAccount(nowMs)?.waitMs(name, nowMs, cost) ?? 0
    return accountMs > 0 ? { name, waitMs: accountMs, isOwn: false } : null
  }

  #take(name: RateName, nowMs: number, cost = 1): void {
    this.#own.take(name, nowMs, cost)
    this.#ofAccount(nowMs)?.take(name, nowMs, cost)
  }

  #spendBytes(bytes: number, nowMs: number): RateExcess | null {
    const excess = this.#excess('bytes', nowMs, this.#costOf(bytes))
    this.#own.spend('bytes', nowMs, bytes)
    this.#ofAccount(nowMs)?.spend('bytes', nowMs, bytes)
    return excess
  }

  /** Never more than may come at once: in the end there is room for everything. */
  #costOf(bytes: number): number {
    const rate = this.#context.rates.bytes
    return rate === false ? bytes : Math.min(bytes, rate.burst)
  }

  #refuse(message: ClientMessage, excess: RateExcess, nowMs: number, offences = 1): false {
    this.#events.onThrottled(message, this.#faultOf(excess, 'try again later'))
    this.#countViolation(nowMs, offences, excess.isOwn)
    return false
  }

  /**
   * Where only the account is too fast, as another of its connections takes what there is, the account alone is charged:
   * it has room for the offences of several connections, so that one which keeps to its rates is not closed for another.
   * Once that room is used up, an identity's connections are closed as they offend. The guests of one address are
   * different people: each is closed for offences of its own alone, of which it then has fewer. Otherwise any of them
   * could put out all others. (S-78)
   */
  #countViolation(nowMs: number, offences: number, isOwn: boolean): void {
    const account = this.#ofAccount(nowMs)
    const isUsedUp = (account?.waitMs('abuse', nowMs) ?? 0) > 0
    const mayClose = isOwn || isUsedUp
    if (mayClose && this.#own.waitMs('abuse', nowMs) > 0) return this.#events.onAbuse()
    if (isUsedUp && !this.#isOfGuests) return this.#events.onAbuse()
    if (mayClose) this.#own.spend('abuse', nowMs, isUsedUp ? offences * GUEST_VIOLATIONS : offences)
    account?.spend('abuse', nowMs, offences)
  }

  #keep(update: MetaUpdate, nowMs: number): false {
    const waitMs = this.#timer ? this.#dueMs - nowMs : this.#updateWaitMs(nowMs)
    const excess: RateExcess = { name: 'updates', waitMs, isOwn: true }
    if (!this.#events.isIn(update.topic)) return this.#refuse(update, excess, nowMs)
    this.#kept ??= new UpdateCoalescer(this.#context.kept)
    const keeping = this.#kept.add(update)
    if (keeping.kind === 'refused') return this.#refuse(update, excess, nowMs)
    if (!this.#timer) this.#reserve(nowMs)
    const { replaced } = keeping
    if (replaced) this.#events.onThrottled(replaced, this.#faultOf(excess, 'a later one took its place'))
    return false
  }

  /**
   * Takes the next turn for an update, ahead of its time: of several connections of one account each has its own, in the
   * order in which they asked.
   */
  #reserve(nowMs: number): void {
    const waitMs = Math.max(0, this.#updateWaitMs(nowMs))
    this.#take('updates', nowMs)
    this.#dueMs = nowMs + waitMs
    this.#timer = this.#context.clock.after(waitMs, () => this.#release())
  }

  #release(): void {
    this.#timer = null
    const update = this.#kept?.shift()
    // Before it is done, which may end the connection.
    if (this.#kept && this.#kept.size > 0) this.#reserve(this.#context.clock.now())
    if (update) this.#events.onDue(update)
  }

  #updateWaitMs(nowMs: number): number {
    const ownMs = this.#own.waitMs('updates', nowMs)
    return Math.max(ownMs, this.#ofAccount(nowMs)?.waitMs('updates', nowMs) ?? 0)
  }

  #faultOf({ name, waitMs, isOwn }: RateExcess, advice: string): Fault {
    const { rates } = this.#context
    const rate = rates[name]
    const account = isOwn ? null : this.#account
    const isOfGuests = account !== null && this.#isOfGuests
    const times = account === null ? 1 : accountFactor(name, isOfGuests, rates)
    const perSecond = rate === false ? 0 : rate.perSecond * times
    const counted = perSecond === 1 ? SINGULAR[name] : name
    const option = `rates.${name}.perSecond${isOfGuests ? ', rates.guestsPerAddress' : ''}`
    const who =
      account === null
        ? `More than ${perSecond} ${counted} a second`
        : `${nameAccount(account)} sends more than ${perSecond} ${counted} a second over all its connections`
    const text = `${who} (server option ${option}); ${advice}.`
    return fault('throttled', text, { retryAfterMs: Math.max(1, Math.ceil(waitMs)) })
  }
}

function violationsIn(bytes: number): number {
  return 1 + Math.floor(bytes / BYTES_PER_VIOLATION)
}
