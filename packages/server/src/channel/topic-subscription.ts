import type { Dialect, JoinMessage, Position, PresenceRef, Topic } from '@rollcall/shared-protocol'
import { Packet } from '../io/packet'
import type { Registry } from '../presence/registry'
import type { Subscriber, SubscriptionStart } from '../presence/subscribers'

/*
 *   out --enter--> waiting --flush--> in --sleep--> asleep --wake--> out
 *                     `------------ sleep ------------^         end: from anywhere
 *
 * A membership's place in its topic: what it is told of there, and from when to when. While its session has no
 * connection it sleeps: it is told nothing, and keeps its presence. (S-6)
 */

const NEWCOMER: SubscriptionStart = {
  onStarted: null,
  withState: true,
  isReturning: false,
  since: null,
  ownRef: null,
}

/** What a topic is told through: the session. */
export type SubscriptionOutlet = Pick<Subscriber, 'dialect' | 'isCongested' | 'canSendState' | 'deliver'>

export class TopicSubscription implements Subscriber {
  readonly receivesPresence: boolean
  readonly #outlet: SubscriptionOutlet
  readonly #topic: Topic
  readonly #registry: Pick<Registry, 'hub' | 'detach' | 'catchUp'>
  #isLive = false
  #isPaused = false
  #isEnded = false
  /** The join with which the client claimed it when it last came back. */
  #claim: JoinMessage | null = null
  /** Where the topic stood when its session was first let in. */
  #subscribedSince: Position | null
  /** Ends the wait for the flush that is to let it in. */
  #endWait: (() => void) | null = null
  /** The join that waits for it. */
  #starting: JoinMessage | null = null

  constructor(
    outlet: SubscriptionOutlet,
    wantsPresence: boolean,
    topic: Topic,
    registry: Pick<Registry, 'hub' | 'detach' | 'catchUp'>,
    older?: TopicSubscription,
  ) {
    this.#outlet = outlet
    this.receivesPresence = wantsPresence
    this.#topic = topic
    this.#registry = registry
    this.#subscribedSince = older?.subscribedSince ?? null
  }

  get subscribedSince(): Position | null {
    return this.#subscribedSince
  }

  /** Whether the topic tells it what happens: from the flush that let it in until it sleeps or is over. */
  get isLive(): boolean {
    return this.#isLive
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Whether the topic has not let it in yet, and it is not over or asleep. */
  isWaitingFor(message: JoinMessage): boolean {
    return this.#endWait !== null && this.#starting === message
  }

  get resumeJoin(): JoinMessage | null {
    return this.#claim
  }

  /**
   * Waits until the next flush has let it in, or it sleeps or is over. `onStarted` is called before the state goes out.
   * `ownRef` is of the session's presence here, if it has one.
   */
  start(message: JoinMessage, onStarted: () => void, ownRef: PresenceRef | null = null): Promise<void> {
    // A client that came back meanwhile knows its latest join only.
    const isOutdated = this.#claim !== null && this.#claim !== message
    if (this.#isPaused || this.#isEnded || isOutdated) return Promise.resolve()
    return new Promise((resolve) => {
      this.#endWait = resolve
      this.#starting = message
      const admit = (at: Position | null) => {
        this.#isLive = true
        if (this.#subscribedSince?.epoch !== at?.epoch) this.#subscribedSince = at
        onStarted()
        this.#endWait = null
        resolve()
      }
      const since = this.#knows(message.since ?? null, ownRef)
      const isReturning = this.#claim === message
      const admission = { withState: true, isReturning, ...since, onStarted: admit }
      this.#registry.hub(this.#topic).attach(this, admission)
    })
  }

  /** Follows the topic from now on, without being given its state. Who is not announced hears alone that it is open. */
  startWithoutState(isAnnounced = true): void {
    const hub = this.#registry.hub(this.#topic)
    hub.attach(this, { ...NEWCOMER, withState: false })
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

  /** The client is back, and says so with a join: the only one that will be let in from now on. */
  resume(message: JoinMessage): void {
    this.#isPaused = false
    this.#claim = message
  }

  /** Whether it was not over yet. */
  end(): boolean {
    if (this.#isEnded) return false
    this.#isEnded = true
    this.#detach()
    return true
  }

  // --- Member ----------------------------------------------------------------------------------------------------

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

  /** Its peer has read what waited. */
  catchUp(): void {
    this.#registry.catchUp(this.#topic, this)
  }

  /**
   * A position that its client names, as far as that is to be believed: a newcomer must not learn who left before they
   * came. The session was let in before it here, or, where it comes from another node, its presence has to have been
   * there: that is for the flush to find. (S-63)
   */
  #knows(since: Position | null, ownRef: PresenceRef | null): Pick<SubscriptionStart, 'since' | 'ownRef'> {
    const first = this.#subscribedSince
    if (since && first?.epoch === since.epoch && since.seq >= first.seq) return { since, ownRef: null }
    return since && ownRef !== null ? { since, ownRef: ownRef } : { since: null, ownRef: null }
  }

  #detach(): void {
    this.#isLive = false
    this.#registry.detach(this.#topic, this)
    this.#endWait?.()
    this.#endWait = null
  }
}
