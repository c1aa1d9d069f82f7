import {
  type FullDiff,
  type LeaveReason,
  mergeDiffs,
  type Payload,
  type Presence,
  type PresenceDiff,
  type PresenceRef,
  type PresenceSnapshot,
  type Topic,
} from '@rollcall/shared-protocol'
import { ServerError } from '../errors'
import {
  type LeaveReasons,
  payloadOf,
  type StoreMessage,
  type Subscription,
  type TopicFeed,
} from '../store/store'
import { eventProblem } from './arguments'
import { type Flushable, FlushLoop } from './flush-loop'
import { Parting } from './parting'
import { type LeaveOptions, Staging } from './staging'
import { deliverStates, StatePackets } from './state-delivery'
import { RESTART_WITH_STATE, type Subscriber, Subscribers, type SubscriptionStart } from './subscribers'
import type { TopicServices } from './topic-services'
import { TopicState } from './topic-state'

/*
 *   join / update / leave         attach / requestState
 *          |                              |
 *       Staging                      Subscribers (waiting)
 *          |         one flush            |
 *          +--> store.commit --+          |
 *                              v          |
 *   store's feed --------> TopicState     |
 *                              |          |
 *                    net diff, once per dialect --> live subscribers
 *                    state, once per dialect -----> waiting subscribers, which are live from then on
 */

/** With more subscribers, an event is written after the turn in which it was sent. */
const PROMPT_SUBSCRIBERS = 1000

/** A topic on this node: its staged changes, its known state and its subscribers, joined by the flush. */
export class TopicHub implements TopicFeed, Flushable {
  readonly topic: Topic
  readonly #services: TopicServices
  /** Called once nobody needs the hub. */
  readonly #whenIdle: (hub: TopicHub) => void
  readonly #staging = new Staging()
  readonly #state: TopicState
  readonly #subscribers = new Subscribers()
  readonly #loop: FlushLoop
  /** Changes that the subscribers have not received. */
  #pending: FullDiff[] = []
  /** For subscribers that wait for their first state after the store lost its history. */
  #parting: Parting | undefined
  #hasNewConnection = false
  #subscription: Subscription | null = null
  /** This node's own presences in the topic, staged ones included. */
  #ownCount = 0
  /** Whether the log has the first dropped event of another node. */
  #hasLoggedDrop = false

  constructor(topic: Topic, services: TopicServices, whenIdle: (hub: TopicHub) => void) {
    this.topic = topic
    this.#services = services
    this.#whenIdle = whenIdle
    this.#state = new TopicState(services.history, services.historyBudget)
    this.#loop = new FlushLoop(this, services.clock, services.backlog, services.flush)
  }

  join(presence: Presence, owner: string): void {
    this.#ownCount++
    this.#staging.join(presence, owner)
    this.#noteStaged()
  }

  update(presence: Presence, owner: string): void {
    this.#staging.update(presence, owner)
    this.#noteStaged()
  }

  leave(ref: PresenceRef, reason: LeaveReason, options?: LeaveOptions): void {
    this.#ownCount--
    this.#staging.leave(ref, reason, options)
    this.#noteStaged()
  }

  /** Counts a presence of the store as this node's own from now on. */
  countAdopted(): void {
    this.#ownCount++
    this.#loop.requestFlush()
  }

  /** Whether the store has certainly never received the presence. */
  isUncommitted(ref: PresenceRef): boolean {
    return this.#staging.isUncommitted(ref)
  }

  /** Whether a drop of the presence is staged or in flight. */
  isLeaving(ref: PresenceRef): boolean {
    return this.#staging.isLeaving(ref)
  }

  /** Starts a subscription in the next flush. */
  attach(subscriber: Subscriber, start: SubscriptionStart): void {
    this.#subscribers.scheduleState(subscriber, start)
    this.#loop.requestFlush()
  }

  /** Sends a subscriber the whole state in the next flush, in place of the diff. */
  requestState(subscriber: Subscriber): void {
    this.attach(subscriber, RESTART_WITH_STATE)
  }

  /** Sends the state if presence was withheld. Call it when the client has read its backlog. */
  catchUp(subscriber: Subscriber): void {
    if (this.#subscribers.catchUp(subscriber)) this.#loop.requestFlush()
  }

  detach(subscriber: Subscriber): void {
    this.#subscribers.remove(subscriber)
    if (this.isIdle) this.#loop.requestFlush()
  }

  /** Sends an event to every subscriber on this node, except one. */
  broadcastEvent(event: string, payload: Payload, except: Subscriber | null = null): void {
    // More subscribers are written to in slices.
    const isPrompt = this.#subscribers.size <= PROMPT_SUBSCRIBERS && this.#services.writeCost.takeTurn()
    this.#subscribers.broadcast(
      { kind: 'event', topic: this.topic, joinRef: null, event, payload },
      except,
      isPrompt,
    )
  }

  /** Announces a new connection in the dialects that have a message for it, once per flush. */
  announceOpening(): void {
    this.#hasNewConnection = true
    this.#loop.requestFlush()
  }

  /** All presences, with this node's unconfirmed changes on top. Rejects if the store is unreachable. */
  async list(): Promise<Presence[]> {
    await this.#whenSubscribed()
    return this.#staging.overlay(this.#state.presences())
  }

  /** The length of {@link list}. */
  async count(): Promise<number> {
    await this.#whenSubscribed()
    return this.#staging.countOver(this.#state.size, (ref) => this.#state.has(ref))
  }

  /** Resolves with the state once it contains everything that was staged by now. */
  async committedState(): Promise<TopicState> {
    await this.#whenSubscribed()
    while (!this.#staging.isEmpty && !this.#loop.isClosed) await this.#loop.whenFlushed()
    return this.#state
  }

  onSnapshot(snapshot: PresenceSnapshot, reasons: LeaveReasons = new Map()): void {
    if (this.#state.position === null) return this.#state.reset(snapshot)
    const missed = this.#state.follow(snapshot, reasons)
    if (missed) return this.#addPending(missed)
    const last = this.#state.conclude(snapshot, reasons)
    const parting = last && mergeDiffs([...this.#pending, last])
    this.#parting = parting ? new Parting(this.topic, parting) : undefined
    this.#pending = []
    this.#subscribers.scheduleStateForAll(this.#parting)
    this.#loop.requestFlush()
  }

  onDiff(diff: PresenceDiff): void {
    const full = this.#state.apply(diff)
    if (full) this.#addPending(full)
  }

  /** Checks the event again: any program that can write to the store may have published it. (S-15) */
  onMessage(message: StoreMessage): void {
    const problem = eventProblem(message.event)
    if (problem === null) return this.broadcastEvent(message.event, payloadOf(message))
    // Logged once: a faulty sender could fill the log.
    if (this.#hasLoggedDrop) return
    this.#hasLoggedDrop = true
    this.#services.log.warn({ topic: this.topic }, `An event from another node was dropped. ${problem}`)
  }

  /** Tries a failed flush again at once. Call it when the store is reachable again. */
  retryNow(): void {
    this.#loop.retryNow()
  }

  close(): void {
    this.#loop.close()
    this.#subscription?.cancel()
    this.#state.end()
    this.#loop.resolveWaiters()
  }

  get hasWork(): boolean {
    return (
      this.#staging.size > 0 ||
      this.#pending.length > 0 ||
      this.#subscribers.hasScheduled ||
      this.#hasNewConnection
    )
  }

  get isIdle(): boolean {
    return (
      this.#ownCount === 0 && this.#subscribers.size === 0 && this.#staging.isEmpty && !this.#loop.hasWaiters
    )
  }

  onIdle(): void {
    this.#whenIdle(this)
  }

  async flush(): Promise<boolean> {
    const { store, clock, writeCost } = this.#services
    const startedMs = clock.now()
    this.#subscribers.beginFlush()
    const parting = this.#parting
    const changes = this.#staging.take()
    try {
      this.#subscription ??= await store.subscribe(this.topic, this)
      if (changes.length > 0) await store.commit(this.topic, changes)
      this.#staging.confirm()
      this.#loop.countQueued(this.#staging.waiting)
      this.#loop.noteCommitted()
    } catch (error) {
      this.#staging.restore()
      this.#loop.countQueued(this.#staging.waiting)
      this.#loop.noteFailed()
      this.#logFailure(error, changes.length)
      if (this.#loop.isClosed) return false
      if (this.#state.position !== null) await this.#broadcastDiff(({ isReturning }) => isReturning)
      // This node knows nothing of the topic yet, so callers get the store's error.
      else this.#loop.rejectWaiters(error)
      return false
    }
    // The hub was closed before there was a subscription to cancel.
    if (this.#loop.isClosed) this.#subscription.cancel()
    else {
      const deliveryMs = await this.#broadcastDiff()
      // All subscribers that waited with this parting have it. A newer one is for those that came meanwhile.
      if (this.#parting === parting) this.#parting = undefined
      // The sockets are written to after this turn, together with those of other topics.
      const writingMs = this.#subscribers.size * writeCost.costMs
      this.#loop.noteCost(startedMs, deliveryMs + writingMs)
    }
    this.#loop.resolveWaiters()
    return true
  }

  /** Sends the pending changes, then starts the due subscriptions that pass. Resolves with the processor time in ms. */
  async #broadcastDiff(filter: (start: SubscriptionStart) => boolean = () => true): Promise<number> {
    const { clock, recentStates } = this.#services
    const { topic } = this
    const startedMs = clock.now()
    const diff = mergeDiffs(this.#pending)
    this.#pending = []
    // Subscriptions without a state start before the diff: their own changes are in it, and no state will follow.
    const isStateless = (start: SubscriptionStart) => !start.withState && filter(start)
    for (const [subscriber, start] of this.#subscribers.dueWith(() => null, isStateless))
      if (this.#subscribers.activate(subscriber, start)) start.onStarted?.(this.#state.position)
    if (this.#hasNewConnection) this.#subscribers.broadcast({ kind: 'opened', topic })
    this.#hasNewConnection = false
    if (diff) this.#subscribers.broadcast({ kind: 'diff', topic, diff })
    const diffMs = clock.now() - startedMs
    const packets = new StatePackets(topic, this.#state, recentStates)
    return diffMs + (await deliverStates(this.#subscribers, packets, clock, filter))
  }

  #addPending(diff: FullDiff): void {
    this.#pending.push(diff)
    this.#parting?.extend(diff)
    this.#loop.requestFlush()
  }

  #noteStaged(): void {
    this.#loop.countQueued(this.#staging.waiting)
    this.#loop.requestFlush()
  }

  #logFailure(error: unknown, changeCount: number): void {
    // The store has already logged an outage, once for all topics.
    const isOutage = error instanceof ServerError && error.code === 'store_unavailable'
    const context = { err: error, topic: this.topic, changes: changeCount }
    const text = 'The store did not accept the changes of a topic; the server tries again.'
    this.#services.log[isOutage ? 'debug' : 'warn'](context, text)
  }

  async #whenSubscribed(): Promise<void> {
    while (this.#state.position === null && !this.#loop.isClosed) await this.#loop.whenFlushed()
  }
}
