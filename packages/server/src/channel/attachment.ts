import type { Dialect, JoinMessage, Position, PresenceRef, Topic } from '@rollcall/shared-protocol'
import { Packet } from '../io/packet'
import type { Admission, Member } from '../presence/members'
import type { Registry } from '../presence/registry'

/*
 *   out --enter--> waiting --flush--> in --sleep--> asleep --wake--> out
 *                     `------------ sleep ------------^         end: from anywhere
 *
 * A membership's place in its topic: what it is told of there, and from when to when. While its session has no
 * connection it sleeps: it is told nothing, and keeps its presence. (S-6)
 */

const NEWCOMER: Admission = {
  onAdmitted: null,
  withState: true,
  isReturning: false,
  since: null,
  witness: null,
}

/** What a topic is told through: the session. */
export type AttachmentOutlet = Pick<Member, 'dialect' | 'isCongested' | 'takesState' | 'deliver'>

export class Attachment implements Member {
  readonly wantsPresence: boolean
  readonly #outlet: AttachmentOutlet
  readonly #topic: Topic
  readonly #registry: Pick<Registry, 'hub' | 'detach' | 'catchUp'>
  #isAdmitted = false
  #isAsleep = false
  #isEnded = false
  /** The join with which the client claimed it when it last came back. */
  #claim: JoinMessage | null = null
  /** Where the topic stood when its session was first let in. */
  #memberSince: Position | null
  /** Ends the wait for the flush that is to let it in. */
  #endWait: (() => void) | null = null
  /** The join that waits for it. */
  #entering: JoinMessage | null = null

  constructor(
    outlet: AttachmentOutlet,
    wantsPresence: boolean,
    topic: Topic,
    registry: Pick<Registry, 'hub' | 'detach' | 'catchUp'>,
    older?: Attachment,
  ) {
    this.#outlet = outlet
    this.wantsPresence = wantsPresence
    this.#topic = topic
    this.#registry = registry
    this.#memberSince = older?.memberSince ?? null
  }

  get memberSince(): Position | null {
    return this.#memberSince
  }

  /** Whether the topic tells it what happens: from the flush that let it in until it sleeps or is over. */
  get isAdmitted(): boolean {
    return this.#isAdmitted
  }

  get isAsleep(): boolean {
    return this.#isAsleep
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Whether the topic has not let it in yet, and it is not over or asleep. */
  isWaitingFor(message: JoinMessage): boolean {
    return this.#endWait !== null && this.#entering === message
  }

  get claim(): JoinMessage | null {
    return this.#claim
  }

  /**
   * Waits until the next flush has let it in, or it sleeps or is over. `onAdmitted` is called before the state goes out.
   * `ownRef` is of the session's presence here, if it has one.
   */
  enter(message: JoinMessage, onAdmitted: () => void, ownRef: PresenceRef | null = null): Promise<void> {
    // A client that came back meanwhile knows its latest join only.
    const isOutdated = this.#claim !== null && this.#claim !== message
    if (this.#isAsleep || this.#isEnded || isOutdated) return Promise.resolve()
    return new Promise((resolve) => {
      this.#endWait = resolve
      this.#entering = message
      const admit = (at: Position | null) => {
        this.#isAdmitted = true
        if (this.#memberSince?.epoch !== at?.epoch) this.#memberSince = at
        onAdmitted()
        this.#endWait = null
        resolve()
      }
      const since = this.#knows(message.since ?? null, ownRef)
      const isReturning = this.#claim === message
      const admission = { withState: true, isReturning, ...since, onAdmitted: admit }
      this.#registry.hub(this.#topic).attach(this, admission)
    })
  }

  /** Follows the topic from now on, without being given its state. Who is not announced hears alone that it is open. */
  follow(isAnnounced = true): void {
    const hub = this.#registry.hub(this.#topic)
    hub.attach(this, { ...NEWCOMER, withState: false })
    if (isAnnounced) hub.announceOpening()
    else if (this.wantsPresence) {
      this.deliver(new Packet(this.dialect.encodeServer({ kind: 'opened', topic: this.#topic })))
    }
    this.#isAdmitted = true
  }

  sleep(): void {
    if (this.#isEnded || this.#isAsleep) return
    this.#isAsleep = true
    this.#detach()
  }

  /** The client is back, and says so with a join: the only one that will be let in from now on. */
  wake(message: JoinMessage): void {
    this.#isAsleep = false
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

  takesState(): boolean {
    return this.#outlet.takesState()
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
  #knows(since: Position | null, ownRef: PresenceRef | null): Pick<Admission, 'since' | 'witness'> {
    const first = this.#memberSince
    if (since && first?.epoch === since.epoch && since.seq >= first.seq) return { since, witness: null }
    return since && ownRef !== null ? { since, witness: ownRef } : { since: null, witness: null }
  }

  #detach(): void {
    this.#isAdmitted = false
    this.#registry.detach(this.#topic, this)
    this.#endWait?.()
    this.#endWait = null
  }
}
