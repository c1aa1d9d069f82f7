import { type ClientMessage, type Fault, fault } from '@rollcall/shared-protocol'
import { type Account, isGuests, nameAccount } from '../identity/account'
import type { Clock, Timer } from '../io/clock'
import { accountFactor, type RateIntervals, type RateName, type RatesOptions } from '../rate-limit/rates'
import type { MetaUpdate } from './pending-meta-change'
import { type AccountRateMeters, RateMeter } from './rate-meters'
import { UpdateCoalescer, type UpdateCoalescerOptions } from './update-coalescer'

/*
 *   message --allow--> true: handle it now
 *              |-----> an update of a joined topic: coalesced ----its turn comes--> onDue
 *              |                    `--a later one replaced it--> onThrottled
 *              `-----> onThrottled, and one violation
 *   too many violations ---> onAbuse
 *
 * Every rate counts twice: for the connection, and for its account over all its connections, so that a client cannot send
 * more by opening more connections. A connection that has been quiet needs no limiter: a new one behaves the same.
 */

/** A frame over the byte rate counts as one violation per this many bytes, as the server has inflated and read all of it. */
const BYTES_PER_VIOLATION = 4096
/** Each violation of a guest counts this many times once the violations of its whole address are used up. */
const GUEST_VIOLATIONS = 4

/** Shared by all connections of a node. */
export interface MessageLimiterContext {
  readonly clock: Clock
  readonly rates: RatesOptions
  /** The rates of one connection. */
  readonly intervals: RateIntervals
  readonly accounts: AccountRateMeters
  readonly coalescer: UpdateCoalescerOptions
}

/** The connection, as its limiter calls it. */
export interface MessageLimiterEvents {
  /** Whether the session is in the topic. Updates of other topics are refused, not coalesced. */
  isIn(topic: string): boolean
  /** The turn of a coalesced update has come. */
  onDue(update: MetaUpdate): void
  /** Replies to a refused message. */
  onThrottled(message: ClientMessage, problem: Fault): void
  /** The connection has too many violations and must be closed. */
  onAbuse(): void
}

/** Rates that a client gets a fault for. Violations count silently. */
type ReportedRate = Exclude<RateName, 'abuse'>

/** An exceeded rate. */
interface RateExcess {
  readonly name: ReportedRate
  /** Milliseconds until the rate allows the message. */
  readonly waitMs: number
  /** Whether the connection itself is too fast. Otherwise its account is, over all its connections. */
  readonly isOwn: boolean
}

const SINGULAR: Readonly<Record<ReportedRate, string>> = {
  messages: 'message',
  bytes: 'byte',
  joins: 'join',
  updates: 'update',
  refreshes: 'refresh',
}

/** Limits how fast one connection sends, alone and together with the others of its account. (S-36, S-52) */
export class MessageLimiter {
  readonly #context: MessageLimiterContext
  /** Null if the connection counts for no account. */
  readonly #account: Account | null
  readonly #events: MessageLimiterEvents
  readonly #own: RateMeter
  readonly #isGuest: boolean
  #coalescer: UpdateCoalescer | null = null
  /** Runs while an update is coalesced. Its turn is reserved for `#dueMs`. */
  #timer: Timer | null = null
  #dueMs = 0

  constructor(context: MessageLimiterContext, account: Account | null, events: MessageLimiterEvents) {
    this.#context = context
    this.#account = account
    this.#events = events
    this.#own = new RateMeter(context.intervals)
    this.#isGuest = account !== null && isGuests(account)
  }

  /** Whether nothing counts any more and no update waits, so that the limiter can be discarded. */
  isIdle(nowMs: number): boolean {
    return this.#timer === null && this.#own.isIdle(nowMs)
  }

  /** Whether to handle a message now. Otherwise it was refused or coalesced. `bytes` is the cost of reading it. */
  allow(message: ClientMessage, bytes: number, nowMs: number): boolean {
    const cost = this.#costOf(bytes)
    const tooManyBytes = this.#excess('bytes', nowMs, cost)
    if (tooManyBytes) return this.#refuse(message, tooManyBytes, nowMs, violationsIn(bytes))
    // Counted before the other rates, as the server has also read the messages that those refuse.
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
    // A coalesced update has its turn first.
    if (this.#timer || this.#excess('updates', nowMs)) return this.#coalesce(message, nowMs)
    this.#take('updates', nowMs)
    return true
  }

  /** Counts bytes that carry no message. They are a violation if the byte rate does not allow them. */
  spend(bytes: number, nowMs: number): void {
    const excess = this.#spendBytes(bytes, nowMs)
    if (excess) this.#countViolation(nowMs, violationsIn(bytes), excess.isOwn)
  }

  /** Counts a refused frame: its bytes, and a violation. */
  countRefused(bytes: number, nowMs: number): void {
    const excess = this.#spendBytes(bytes, nowMs)
    this.#countViolation(nowMs, excess ? violationsIn(bytes) : 1, true)
  }

  /** Counts one violation of the connection. (S-37) */
  countViolation(nowMs: number): void {
    this.#countViolation(nowMs, 1, true)
  }

  /** The connection has ended. Drops the coalesced updates. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#coalescer = null
  }

  #ofAccount(nowMs: number): RateMeter | null {
    return this.#account === null ? null : this.#context.accounts.of(this.#account, nowMs)
  }

  /** Null if the rate allows the message. */
  #excess(name: ReportedRate, nowMs: number, cost = 1): RateExcess | null {
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

  /** At most one burst, so that the rate allows any message in the end. */
  #costOf(bytes: number): number {
    const rate = this.#context.rates.bytes
    return rate === false ? bytes : Math.min(bytes, rate.burst)
  }

  #refuse(message: ClientMessage, excess: RateExcess, nowMs: number, violations = 1): false {
    this.#events.onThrottled(message, this.#faultOf(excess, 'try again later'))
    this.#countViolation(nowMs, violations, excess.isOwn)
    return false
  }

  /**
   * If only the account is too fast, because of another connection, the violation counts for the account alone. An account
   * may have the violations of several connections, so that a well-behaved one is not closed for another. Once those are
   * used up, each connection of an identity is closed at its next violation. The guests of one address are different
   * people, so each is closed only for its own violations, of which it may then have fewer. Otherwise one guest could have
   * all others closed. (S-78)
   */
  #countViolation(nowMs: number, violations: number, isOwn: boolean): void {
    const account = this.#ofAccount(nowMs)
    const isUsedUp = (account?.waitMs('abuse', nowMs) ?? 0) > 0
    const mayClose = isOwn || isUsedUp
    if (mayClose && this.#own.waitMs('abuse', nowMs) > 0) return this.#events.onAbuse()
    if (isUsedUp && !this.#isGuest) return this.#events.onAbuse()
    if (mayClose) this.#own.spend('abuse', nowMs, isUsedUp ? violations * GUEST_VIOLATIONS : violations)
    account?.spend('abuse', nowMs, violations)
  }

  #coalesce(update: MetaUpdate, nowMs: number): false {
    const waitMs = this.#timer ? this.#dueMs - nowMs : this.#updateWaitMs(nowMs)
    const excess: RateExcess = { name: 'updates', waitMs, isOwn: true }
    if (!this.#events.isIn(update.topic)) return this.#refuse(update, excess, nowMs)
    this.#coalescer ??= new UpdateCoalescer(this.#context.coalescer)
    const result = this.#coalescer.add(update)
    if (result.kind === 'refused') return this.#refuse(update, excess, nowMs)
    if (!this.#timer) this.#reserve(nowMs)
    const { replaced } = result
    if (replaced) this.#events.onThrottled(replaced, this.#faultOf(excess, 'a later update replaced it'))
    return false
  }

  /**
   * Reserves the next turn for an update, so that the connections of one account take turns in the order of their updates.
   */
  #reserve(nowMs: number): void {
    const waitMs = Math.max(0, this.#updateWaitMs(nowMs))
    this.#take('updates', nowMs)
    this.#dueMs = nowMs + waitMs
    this.#timer = this.#context.clock.after(waitMs, () => this.#release())
  }

  #release(): void {
    this.#timer = null
    const update = this.#coalescer?.shift()
    // Reserved before `onDue`, which may end the connection.
    if (this.#coalescer && this.#coalescer.size > 0) this.#reserve(this.#context.clock.now())
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
    const isGuest = account !== null && this.#isGuest
    const times = account === null ? 1 : accountFactor(name, isGuest, rates)
    const perSecond = rate === false ? 0 : rate.perSecond * times
    const counted = perSecond === 1 ? SINGULAR[name] : name
    const option = `rates.${name}.perSecond${isGuest ? ', rates.guestsPerAddress' : ''}`
    const problem =
      account === null
        ? `More than ${perSecond} ${counted} a second`
        : `${nameAccount(account)} sends more than ${perSecond} ${counted} a second over all its connections`
    const text = `${problem} (server option ${option}); ${advice}.`
    return fault('throttled', text, { retryAfterMs: Math.max(1, Math.ceil(waitMs)) })
  }
}

function violationsIn(bytes: number): number {
  return 1 + Math.floor(bytes / BYTES_PER_VIOLATION)
}
