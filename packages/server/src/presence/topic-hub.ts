import {
  type FullDiff,
  type LeaveReason,
  mergeDiffs,
  type Payload,
  type Position,
  type Presence,
  type PresenceDiff,
  type PresenceRef,
  type PresenceSnapshot,
  type Topic,
} from '@rollcall/shared-protocol'
import { retryDelay } from '../async/retry'
import { ServerError } from '../errors'
import type { Clock, Timer } from '../io/clock'
import type { Packet } from '../io/packet'
import { MAX_TURN_MS } from '../io/read-scheduler'
import type { Logger } from '../log'
import type { LeaveReasons, Store, StoreMessage, Subscription, TopicFeed } from '../store/store'
import { payloadOf } from '../store/store'
import { eventProblem } from './arguments'
import {
  type FlushEffect,
  type FlushEvent,
  type FlushOptions,
  FlushSchedule,
  type FlushState,
  QUIET,
  stepFlush,
} from './flush-machine'
import type { HistoryBounds } from './history'
import type { HistoryBudget } from './history-budget'
import { Parting } from './parting'
import type { RecentStates } from './recent-states'
import { Staging } from './staging'
import { StatePackets } from './state-packets'
import { RESTART_WITH_STATE, type Subscriber, Subscribers, type SubscriptionStart } from './subscribers'
import { TopicState } from './topic-state'

/*
 *   join / update / leave         attach / requestState
 *          |                              |
 *       Staging                        Members (waiting)
 *          |         one flush            |
 *          +--> store.commit --+          |
 *                              v          |
 *   store's feed --------> TopicState     |
 *                              |          |
 *                    net diff of the window, once a dialect --> live members
 *                    state, once a dialect -------------------> waiting members, live from now on
 */

/** What a topic has to know of the way to its members' peers. */
export interface WriteCost {
  /** What it costs the processor to write to one of them, in milliseconds, by the latest experience. */
  readonly costMs: number
  /** Whether something may be written at once, and not at the end of the turn; true once a turn at most. */
  takeTurn(): boolean
}

export interface TopicHubContext {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly flush: FlushOptions
  readonly history: HistoryBounds
  /** What the histories of all topics hold together. */
  readonly historyBudget: HistoryBudget
  /** Large states that all topics have encoded of late. */
  readonly keptStates: RecentStates
  readonly writeCost: WriteCost
  /** Counts what waits for the store, over all topics. */
  readonly backlog: Backlog
  /** The hub holds nothing any more, and may be forgotten. */
  readonly onIdle: (hub: TopicHub) => void
}

/** Changes of one node that its store has not confirmed. */
export interface Backlog {
  changes: number
  /** Topics whose latest flush the store did not take. */
  failingTopics: number
}

/** How long a commit or subscription that failed waits for its next try, in milliseconds: after the first failure, and at most. */
const RETRY_MS = 250
const MAX_RETRY_MS = 1000

/** Most members whom an event is written to within the turn in which it came. */
const PROMPT_MEMBERS = 1000

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

interface Given {
  /** What goes before it: see {@link Parting}. */
  readonly before: Packet | null
  readonly packet: Packet
}

/** In place of a state for which a member has no room yet. */
const DEFERRED = Symbol('withheld')

/** A topic on this node: what is staged, what is known, and who is told, joined by the flush. */
export class TopicHub implements TopicFeed {
  readonly topic: Topic
  readonly #context: TopicHubContext
  readonly #staging = new Staging()
  readonly #state: TopicState
  readonly #subscribers = new Subscribers()
  readonly #schedule: FlushSchedule
  #pending: FullDiff[] = []
  /** For members who wait for their first state after the store lost its history. */
  #parting: Parting | undefined
  #hasNewConnection = false
  #subscription: Subscription | null = null
  #timer: Timer | null = null
  #flushState: FlushState = QUIET
  /** Presences of this node's own that are staged or committed. */
  #owned = 0
  /** What of the node's backlog is this topic's. */
  #counted = 0
  #flushWaiters: Waiter[] = []
  /** Whether an event from another node was dropped, and the log has been told. */
  #hasDropped = false
  /** Flushes in a row that the store did not take. */
  #failures = 0

  constructor(topic: Topic, context: TopicHubContext) {
    this.topic = topic
    this.#context = context
    this.#state = new TopicState(context.history, context.historyBudget)
    this.#schedule = new FlushSchedule(context.flush)
  }

  // --- this node's own presences -----------------------------------------------------------------------------

  join(presence: Presence, owner: string): void {
    this.#owned++
    this.#stage(() => this.#staging.join(presence, owner))
  }

  update(presence: Presence, owner: string): void {
    this.#stage(() => this.#staging.update(presence, owner))
  }

  leave(ref: PresenceRef, reason: LeaveReason, certainty: 'certain' | 'doubtful' = 'certain'): void {
    this.#owned--
    this.#stage(() => this.#staging.leave(ref, reason, certainty))
  }

  /** A presence that the store has already is this node's own from now on. */
  countAdopted(): void {
    this.#owned++
    this.#requestFlush()
  }

  /** Whether the store has certainly never heard of it. */
  isUncommitted(ref: PresenceRef): boolean {
    return this.#staging.isUncommitted(ref)
  }

  /** Whether a drop of it waits for the store. */
  isLeaving(ref: PresenceRef): boolean {
    return this.#staging.isLeaving(ref)
  }

  // --- members -------------------------------------------------------------------------------------------------

  /** Lets a member in with the next flush. */
  attach(member: Subscriber, admission: SubscriptionStart): void {
    this.#subscribers.scheduleState(member, admission)
    this.#requestFlush()
  }

  /** Gives a member the state again, in the next flush and in place of its diff. */
  requestState(member: Subscriber): void {
    this.attach(member, RESTART_WITH_STATE)
  }

  /** The member's peer has read what waited: it is given the state if presence was kept from it meanwhile. */
  catchUp(member: Subscriber): void {
    if (this.#subscribers.catchUp(member)) this.#requestFlush()
  }

  detach(member: Subscriber): void {
    this.#subscribers.remove(member)
    if (this.#isIdle()) this.#requestFlush()
  }

  /** An event to every member on this node, except one. */
  broadcastEvent(event: string, payload: Payload, except: Subscriber | null = null): void {
    // A larger crowd is written to in slices.
    const isPrompt = this.#subscribers.size <= PROMPT_MEMBERS && this.#context.writeCost.takeTurn()
    this.#subscribers.broadcast(
      { kind: 'event', topic: this.topic, joinRef: null, event, payload },
      except,
      isPrompt,
    )
  }

  /** Tells those who have a word for it that somebody connected; once a flush, however many did. */
  announceOpening(): void {
    this.#hasNewConnection = true
    this.#requestFlush()
  }

  // --- reading ---------------------------------------------------------------------------------------------------

  /** Everybody here, with this node's unconfirmed changes on top. */
  async list(): Promise<Presence[]> {
    await this.#whenSubscribed()
    return this.#staging.overlay(this.#state.presences())
  }

  /** How many {@link list} would answer. */
  async count(): Promise<number> {
    await this.#whenSubscribed()
    return this.#staging.countOver(this.#state.size, (ref) => this.#state.has(ref))
  }

  /** The state once everything staged so far is in it. */
  async committedState(): Promise<TopicState> {
    await this.#whenSubscribed()
    while (!this.#staging.isEmpty && !this.#isClosed) await this.#whenFlushed()
    return this.#state
  }

  // --- the store's feed ----------------------------------------------------------------------------------------

  onSnapshot(snapshot: PresenceSnapshot, reasons: LeaveReasons = new Map()): void {
    if (this.#state.position === null) return this.#state.reset(snapshot)
    const missed = this.#state.follow(snapshot, reasons)
    if (missed) return this.#add(missed)
    const last = this.#state.conclude(snapshot, reasons)
    const parting = last && mergeDiffs([...this.#pending, last])
    this.#parting = parting ? new Parting(this.topic, parting) : undefined
    this.#pending = []
    this.#subscribers.scheduleStateForAll(this.#parting)
    this.#requestFlush()
  }

  onDiff(diff: PresenceDiff): void {
    const full = this.#state.apply(diff)
    if (full) this.#add(full)
  }

  #add(diff: FullDiff): void {
    this.#pending.push(diff)
    this.#parting?.extend(diff)
    this.#requestFlush()
  }

  /** Another node, or whoever else can write to the store, may be of an older version: nothing is taken on trust. (S-15) */
  onMessage(message: StoreMessage): void {
    const problem = eventProblem(message.event)
    if (problem === null) return this.broadcastEvent(message.event, payloadOf(message))
    if (this.#hasDropped) return
    // Once: whoever sends them could fill the log.
    this.#hasDropped = true
    this.#context.log.warn({ topic: this.topic }, `An event from another node was dropped. ${problem}`)
  }

  close(): void {
    this.#dispatch({ kind: 'closed' })
    this.#context.backlog.changes -= this.#counted
    this.#counted = 0
    this.#noteTaken()
    this.#subscription?.cancel()
    this.#state.end()
    for (const { resolve } of this.#flushWaiters.splice(0)) resolve()
  }

  /** The store is back: a flush that waits to be tried again is tried now. */
  retryNow(): void {
    if (this.#failures === 0) return
    this.#noteTaken()
    if (this.#flushState.name !== 'due') return
    this.#timer?.cancel()
    this.#dispatch({ kind: 'due' })
  }

  // --- the flush -------------------------------------------------------------------------------------------------

  get #isClosed(): boolean {
    return this.#flushState.name === 'closed'
  }

  #requestFlush(): void {
    this.#dispatch({ kind: 'touched' })
  }

  #stage(change: () => void): void {
    change()
    this.#countBacklog()
    this.#requestFlush()
  }

  #countBacklog(): void {
    if (this.#isClosed) return
    this.#context.backlog.changes += this.#staging.waiting - this.#counted
    this.#counted = this.#staging.waiting
  }

  #dispatch(event: FlushEvent): void {
    const delayMs = this.#schedule.delay(this.#context.clock.now())
    const retryMs = retryDelay(this.#failures, RETRY_MS, MAX_RETRY_MS)
    const { state, effects } = stepFlush(this.#flushState, event, { delayMs, retryMs })
    this.#flushState = state
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: FlushEffect): void {
    const { clock, onIdle } = this.#context
    switch (effect.kind) {
      case 'schedule':
        // Never within the caller: whatever else this turn of the event loop brings shares the flush.
        if (effect.delayMs === 0) clock.soon(() => this.#dispatch({ kind: 'due' }))
        else this.#timer = clock.after(effect.delayMs, () => this.#dispatch({ kind: 'due' }))
        return
      case 'flush':
        void this.#flush().then((isDone) => {
          const event: FlushEvent = { kind: 'flushed', isIdle: this.#isIdle(), hasWork: this.#hasWork() }
          this.#dispatch(isDone ? event : { kind: 'failed' })
        })
        return
      case 'idle':
        return onIdle(this)
      case 'cancel':
        this.#timer?.cancel()
    }
  }

  #noteFailed(): void {
    if (this.#isClosed) return
    if (this.#failures++ === 0) this.#context.backlog.failingTopics++
  }

  #noteTaken(): void {
    if (this.#failures > 0) this.#context.backlog.failingTopics--
    this.#failures = 0
  }

  /** Whether everything went well; if not, nothing is lost and the flush is to be tried again. Never rejects. */
  async #flush(): Promise<boolean> {
    const { store, clock, log, writeCost } = this.#context
    const startedMs = clock.now()
    this.#subscribers.beginFlush()
    const parting = this.#parting
    const changes = this.#staging.take()
    try {
      this.#subscription ??= await store.subscribe(this.topic, this)
      if (changes.length > 0) await store.commit(this.topic, changes)
      this.#staging.confirm()
      this.#countBacklog()
      this.#noteTaken()
    } catch (error) {
      this.#staging.restore()
      this.#countBacklog()
      this.#noteFailed()
      // A store that is away has said so already, once for all topics.
      const isKnown = error instanceof ServerError && error.code === 'store_unavailable'
      const context = { err: error, topic: this.topic, changes: changes.length }
      log[isKnown ? 'debug' : 'warn'](context, 'the store took no change; trying again')
      if (this.#isClosed) return false
      if (this.#state.position !== null) await this.#broadcastDiff(({ isReturning }) => isReturning)
      // Nothing is known of the topic: who asks is told so, as by a topic in which this node takes no part.
      else for (const { reject } of this.#flushWaiters.splice(0)) reject(error)
      return false
    }
    // A hub that was closed meanwhile has nobody to cancel what it has just subscribed to.
    if (this.#isClosed) this.#subscription.cancel()
    else {
      const tellingMs = await this.#broadcastDiff()
      // All who waited with it have it. Another one is for those who came to wait meanwhile.
      if (this.#parting === parting) this.#parting = undefined
      // The writing itself comes after this turn, together with that of other topics.
      const writingMs = this.#subscribers.size * writeCost.costMs
      this.#schedule.flushed(startedMs, tellingMs + writingMs)
    }
    for (const { resolve } of this.#flushWaiters.splice(0)) resolve()
    return true
  }

  /**
   * Tells everybody what this flush has for them, and lets in those who `may`. Resolves with the milliseconds that it kept
   * the processor busy.
   */
  async #broadcastDiff(may: (admission: SubscriptionStart) => boolean = () => true): Promise<number> {
    const { topic } = this
    const toldAtMs = this.#context.clock.now()
    const diff = mergeDiffs(this.#pending)
    this.#pending = []
    // What they do themselves within this window is in the diff, and no state will tell them of it.
    for (const [member, admission] of this.#subscribers.dueWith(() => null, isFollower(may)))
      this.#start(member, admission, null, this.#state.position)
    if (this.#hasNewConnection) this.#subscribers.broadcast({ kind: 'opened', topic })
    this.#hasNewConnection = false
    if (diff) this.#subscribers.broadcast({ kind: 'diff', topic, diff })
    const tellingMs = this.#context.clock.now() - toldAtMs
    const admittingMs = await this.#deliverStates(may)
    return tellingMs + admittingMs
  }

  /**
   * Lets in those who wait, in slices where they are many. What each is given is settled before the first of them: a
   * diff that comes in between is for the next flush, and builds on this state.
   */
  async #deliverStates(may: (admission: SubscriptionStart) => boolean): Promise<number> {
    const { clock, keptStates } = this.#context
    const startedMs = clock.now()
    const welcome = new StatePackets(this.topic, this.#state, keptStates)
    const at = this.#state.position
    const due = this.#subscribers.dueWith((member, { withState, since, ownRef, parting }) => {
      if (!withState || !member.receivesPresence) return null
      // Asked before it is made: to encode a large state takes long, and may be for nobody.
      if (member.isCongested || !member.canSendState()) return DEFERRED
      const packet = welcome.packetFor(member.dialect, since, ownRef)
      return { packet, before: parting?.packetFor(member.dialect) ?? null }
    }, may)
    let busyMs = 0
    let sliceStartedMs = startedMs
    for (const [member, admission, given] of due) {
      this.#start(member, admission, given, at)
      const spentMs = clock.now() - sliceStartedMs
      if (spentMs < MAX_TURN_MS) continue
      busyMs += spentMs
      await new Promise<void>((resolve) => clock.soon(resolve))
      sliceStartedMs = clock.now()
    }
    return busyMs + clock.now() - sliceStartedMs
  }

  /** Lets one in, unless it has gone, or has come to wait for something newer, since this was settled. */
  #start(
    member: Subscriber,
    admission: SubscriptionStart,
    given: Given | typeof DEFERRED | null,
    at: Position | null,
  ): void {
    if (!this.#subscribers.activate(member, admission)) return
    admission.onStarted?.(at)
    if (!given) return
    // Others of the same account may have been let in since it was asked.
    if (given === DEFERRED || member.isCongested || (given.packet.isState && !member.canSendState()))
      return this.#subscribers.markBehind(member)
    if (given.before) member.deliver(given.before)
    member.deliver(given.packet)
  }

  #hasWork(): boolean {
    return (
      this.#staging.size > 0 ||
      this.#pending.length > 0 ||
      this.#subscribers.hasScheduled ||
      this.#hasNewConnection
    )
  }

  #isIdle(): boolean {
    return (
      this.#owned === 0 &&
      this.#subscribers.size === 0 &&
      this.#staging.isEmpty &&
      this.#flushWaiters.length === 0
    )
  }

  /** Waits for the store's first word about the topic. Rejects where the store cannot be asked. */
  async #whenSubscribed(): Promise<void> {
    while (this.#state.position === null && !this.#isClosed) await this.#whenFlushed()
  }

  #whenFlushed(): Promise<void> {
    const flushed = new Promise<void>((resolve, reject) => this.#flushWaiters.push({ resolve, reject }))
    this.#requestFlush()
    return flushed
  }
}

/** Of those who `may` come in: who is given no state. */
function isFollower(
  may: (admission: SubscriptionStart) => boolean,
): (admission: SubscriptionStart) => boolean {
  return (admission) => !admission.withState && may(admission)
}
