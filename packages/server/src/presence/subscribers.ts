import type { Dialect, Position, PresenceRef, ServerMessage } from '@rollcall/shared-protocol'
import { Packet } from '../io/packet'
import type { Parting } from './parting'

/** A channel's subscription to a topic, as the topic knows it. */
export interface Subscriber {
  readonly dialect: Dialect
  /** Whether it receives presence, or only the channel's own events. */
  readonly receivesPresence: boolean
  /** Whether its client reads too slowly. The topic withholds presence until the client has caught up. */
  readonly isCongested: boolean
  /** Whether a state can be delivered now. If not, {@link TopicHub.catchUp} must be called once one can. */
  canSendState(): boolean
  /** Queues frames for the connection. Must not throw and must not call back into the topic. */
  deliver(packet: Packet): void
}

/** The terms on which a subscription starts, or restarts with a state. */
export interface SubscriptionStart {
  /** Called just before the state is delivered, with the topic's position. */
  readonly onStarted: ((at: Position | null) => void) | null
  /** Whether the state is delivered at all. */
  readonly withState: boolean
  /** Whether this node may serve what it knows while the store is unreachable: the client was here before. (S-28) */
  readonly isReturning: boolean
  /** The position of the client's map: the changes since then replace the state. */
  readonly since: Position | null
  /** The changes replace the state only if this presence was there at `since`; null for always. */
  readonly ownRef: PresenceRef | null
  /** Delivered just before the state, to a client whose map stands where the lost history ended. */
  readonly parting?: Parting | undefined
}

/** Sends the whole state again to a subscription that is live. */
export const RESTART_WITH_STATE: SubscriptionStart = {
  onStarted: null,
  withState: true,
  isReturning: true,
  since: null,
  ownRef: null,
}

/**
 * The subscribers of one topic on this node, by dialect, so that a broadcast is encoded once per dialect. A subscriber
 * receives diffs only after its state (P-1), and may have to wait for another state later.
 */
export class Subscribers {
  readonly #live = new Map<Dialect, Set<Subscriber>>()
  /** Scheduled for the next flush. */
  #waiting = new Map<Subscriber, SubscriptionStart>()
  /** Starts that were scheduled before the running flush began, so that its commit contains their own presences. */
  readonly #due = new Map<Subscriber, SubscriptionStart>()
  /** Live subscribers that missed presence because their clients read too slowly. */
  readonly #behind = new Set<Subscriber>()
  #size = 0

  get size(): number {
    return this.#size
  }

  get hasScheduled(): boolean {
    return this.#waiting.size > 0
  }

  /**
   * Schedules a start for the next flush. A subscriber that is live keeps receiving events, but no presence until its
   * state.
   */
  scheduleState(subscriber: Subscriber, start: SubscriptionStart): void {
    const earlier = this.#waiting.get(subscriber) ?? this.#due.get(subscriber)
    if (!earlier && !this.#live.get(subscriber.dialect)?.has(subscriber)) this.#size++
    this.#due.delete(subscriber)
    this.#behind.delete(subscriber)
    this.#waiting.set(subscriber, {
      onStarted: start.onStarted ?? earlier?.onStarted ?? null,
      withState: start.withState || (earlier?.withState ?? false),
      isReturning: start.isReturning && (earlier?.isReturning ?? true),
      since: start.since,
      ownRef: start.ownRef,
      parting: earlier?.parting ?? start.parting,
    })
  }

  remove(subscriber: Subscriber): void {
    if (this.#forget(subscriber)) this.#size--
  }

  /** Notes that a subscriber missed presence, so that no diff can follow until it has received the state. (S-9) */
  markBehind(subscriber: Subscriber): void {
    this.#behind.add(subscriber)
  }

  /** Schedules the state if the subscriber missed presence. Returns whether it did. */
  catchUp(subscriber: Subscriber): boolean {
    if (!this.#behind.has(subscriber)) return false
    this.scheduleState(subscriber, RESTART_WITH_STATE)
    return true
  }

  /**
   * Schedules the state for all subscribers, as no diff leads from their maps to the topic's state.
   *
   * @param parting the changes missed by subscribers that have received every diff so far
   */
  scheduleStateForAll(parting?: Parting): void {
    for (const [dialect, subscribers] of this.#live) {
      for (const subscriber of subscribers) {
        if (!subscriber.receivesPresence) continue
        // A dialect with an implicit topic receives diffs while it waits for its state, and must receive each only once.
        const isUpToDate =
          !dialect.hasImplicitTopic && !this.#behind.has(subscriber) && !this.#isDue(subscriber)
        this.scheduleState(subscriber, isUpToDate ? { ...RESTART_WITH_STATE, parting } : RESTART_WITH_STATE)
      }
    }
    // The running flush has already chosen packets for these, which are outdated now.
    for (const [subscriber, start] of [...this.#due]) this.scheduleState(subscriber, start)
  }

  /**
   * Makes the scheduled starts due. Call it when a flush begins. Later ones wait for the next flush: their own presences
   * are not in this commit, and would be missing in the state.
   */
  beginFlush(): void {
    for (const [subscriber, start] of this.#waiting) this.#due.set(subscriber, start)
    this.#waiting = new Map()
  }

  /** The due starts that pass `filter`, each with the result of `packetFor`. */
  dueWith<T>(
    packetFor: (subscriber: Subscriber, start: SubscriptionStart) => T,
    filter: (start: SubscriptionStart) => boolean = () => true,
  ): [Subscriber, SubscriptionStart, T][] {
    const due = [...this.#due].filter(([, start]) => filter(start))
    return due.map(([subscriber, start]) => [subscriber, start, packetFor(subscriber, start)])
  }

  /**
   * Makes a due subscriber live; deliver its state before anything else. Returns false if the subscriber is not due any
   * more, or was scheduled again with another start.
   */
  activate(subscriber: Subscriber, start: SubscriptionStart): boolean {
    if (this.#due.get(subscriber) !== start) return false
    this.#due.delete(subscriber)
    const subscribers = this.#live.get(subscriber.dialect)
    if (subscribers) subscribers.add(subscriber)
    else this.#live.set(subscriber.dialect, new Set([subscriber]))
    return true
  }

  /** Encodes once per dialect and delivers to every live subscriber, except one. `isPrompt`: see {@link Packet}. */
  broadcast(message: ServerMessage, except: Subscriber | null = null, isPrompt = false): void {
    const isPresence = message.kind === 'diff' || message.kind === 'opened'
    for (const [dialect, subscribers] of this.#live) {
      // A subscriber that waits for a state skips the diff. In a dialect with an implicit topic (Vix) it receives the diff:
      // that is the only announcement of a join, and it needs no state.
      const needsState = message.kind === 'diff' && !dialect.hasImplicitTopic
      let packet: Packet | null = null
      for (const subscriber of subscribers) {
        if (subscriber === except || (isPresence && !subscriber.receivesPresence)) continue
        if (needsState && this.#isDue(subscriber)) continue
        if (message.kind === 'diff' && this.#isBehind(subscriber)) continue
        packet ??= new Packet(dialect.encodeServer(message), false, isPrompt)
        if (packet.frames.length === 0) break
        subscriber.deliver(packet)
      }
    }
  }

  #isDue(subscriber: Subscriber): boolean {
    return this.#waiting.has(subscriber) || this.#due.has(subscriber)
  }

  #isBehind(subscriber: Subscriber): boolean {
    if (subscriber.isCongested) this.#behind.add(subscriber)
    return this.#behind.has(subscriber)
  }

  #forget(subscriber: Subscriber): boolean {
    this.#behind.delete(subscriber)
    const wasLive = this.#live.get(subscriber.dialect)?.delete(subscriber) ?? false
    const wasWaiting = this.#waiting.delete(subscriber)
    return this.#due.delete(subscriber) || wasWaiting || wasLive
  }
}
