import type { Dialect, JoinMessage, Position, PresenceRef, Topic } from '@rollcall/shared-protocol'
import { Packet } from '../io/packet'
import type { PresenceRegistry } from '../presence/presence-registry'
import type { Subscriber, SubscriptionStart } from '../presence/subscribers'
import type { TopicHub } from '../presence/topic-hub'

/*
 *   new --start--> waiting --flush--> live --pause--> paused --resume--> new
 *                     `------------ pause -------------^         end: from any state
 */

/** A first start, without a state. */
const STATELESS: SubscriptionStart = {
  onStarted: null,
  withState: false,
  isReturning: false,
  since: null,
  ownRef: null,
}

/** Carries a topic's messages to the client: the session. */
export type SubscriptionOutlet = Pick<Subscriber, 'dialect' | 'isCongested' | 'canSendState' | 'deliver'>

/**
 * A channel's subscription to its topic. While its session has no connection it is paused: it receives nothing, and the
 * session keeps its presence. (S-6)
 */
export class TopicSubscription implements Subscriber {
  readonly receivesPresence: boolean
  readonly #outlet: SubscriptionOutlet
  readonly #topic: Topic
  readonly #registry: Pick<PresenceRegistry, 'hub'>
  /** The hub that it is attached to; null while it is new, paused or ended. */
  #hub: TopicHub | null = null
  #isLive = false
  #isPaused = false
  #isEnded = false
  /** The join with which the client last resumed it. */
  #resumeJoin: JoinMessage | null = null
  /** The topic's position when the session first subscribed. */
  #subscribedSince: Position | null
  /** Ends the wait for the flush that starts it. */
  #endWait: (() => void) | null = null
  /** The join that waits for that flush. */
  #starting: JoinMessage | null = null

  constructor(
    outlet: SubscriptionOutlet,
    receivesPresence: boolean,
    topic: Topic,
    registry: Pick<PresenceRegistry, 'hub'>,
    older?: TopicSubscription,
  ) {
    this.#outlet = outlet
    this.receivesPresence = receivesPresence
    this.#topic = topic
    this.#registry = registry
    this.#subscribedSince = older?.subscribedSince ?? null
  }

  get subscribedSince(): Position | null {
    return this.#subscribedSince
  }

  /** Whether it receives the topic's messages: from the flush that starts it until it is paused or ended. */
  get isLive(): boolean {
    return this.#isLive
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Whether the start that this join asked for is still to come. */
  isWaitingFor(message: JoinMessage): boolean {
    return this.#endWait !== null && this.#starting === message
  }

  get resumeJoin(): JoinMessage | null {
    return this.#resumeJoin
  }

  /**
   * Starts with the next flush. Resolves then, or when it is paused or ended first. `onStarted` is called just before the
   * state is delivered. `ownRef` is the session's presence in the topic, if it has one.
   */
  start(message: JoinMessage, onStarted: () => void, ownRef: PresenceRef | null = null): Promise<void> {
    // A client that has resumed meanwhile expects only the reply to its latest join.
    const isOutdated = this.#resumeJoin !== null && this.#resumeJoin !== message
    if (this.#isPaused || this.#isEnded || isOutdated) return Promise.resolve()
    return new Promise((resolve) => {
      this.#endWait = resolve
      this.#starting = message
      const started = (at: Position | null) => {
        this.#isLive = true
        if (this.#subscribedSince?.epoch !== at?.epoch) this.#subscribedSince = at
        onStarted()
        this.#endWait = null
        resolve()
      }
      const since = this.#trustedSince(message.since ?? null, ownRef)
      const isReturning = this.#resumeJoin === message
      const start = { withState: true, isReturning, ...since, onStarted: started }
      this.#hub = this.#registry.hub(this.#topic)
      this.#hub.attach(this, start)
    })
  }

  /**
   * Starts without a state. The dialect's message for a new connection goes to all subscribers, or to this one alone if it
   * is not to be announced.
   */
  startWithoutState(isAnnounced = true): void {
    const hub = this.#registry.hub(this.#topic)
    this.#hub = hub
    hub.attach(this, STATELESS)
    if (isAnnounced) hub.announceOpening()
    else if (this.receivesPresence) {
      this.deliver(new Packet(this.dialect.encodeServer({ kind: 'opened', topic: this.#topic })))
    }
    this.#isLive = true
  }

  pause(): void {
    if (this.#isEnded || this.#isPaused) return
    this.#isPaused = true
    this.#detach()
  }

  /** Prepares a start after a pause. From now on only this join can start it. */
  resume(message: JoinMessage): void {
    this.#isPaused = false
    this.#resumeJoin = message
  }

  /** Returns false if it had already ended. */
  end(): boolean {
    if (this.#isEnded) return false
    this.#isEnded = true
    this.#detach()
    return true
  }

  get dialect(): Dialect {
    return this.#outlet.dialect
  }

  get isCongested(): boolean {
    return this.#outlet.isCongested
  }

  canSendState(): boolean {
    return this.#outlet.canSendState()
  }

  deliver(packet: Packet): void {
    this.#outlet.deliver(packet)
  }

  /** Asks for the state if presence was withheld. Call it when the client has read its backlog. */
  catchUp(): void {
    this.#hub?.catchUp(this)
  }

  /**
   * The client's position, if it can be trusted: a newcomer must not learn who left before they joined. The session must
   * have subscribed here before that position. A session from another node must have had its presence at that position,
   * which the flush checks. (S-63)
   */
  #trustedSince(
    since: Position | null,
    ownRef: PresenceRef | null,
  ): Pick<SubscriptionStart, 'since' | 'ownRef'> {
    const first = this.#subscribedSince
    if (since && first?.epoch === since.epoch && since.seq >= first.seq) return { since, ownRef: null }
    return since && ownRef !== null ? { since, ownRef: ownRef } : { since: null, ownRef: null }
  }

  #detach(): void {
    this.#isLive = false
    this.#hub?.detach(this)
    this.#hub = null
    this.#endWait?.()
    this.#endWait = null
  }
}
