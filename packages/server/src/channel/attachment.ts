import type { Dialect, JoinMessage, Topic } from '@rollcall/shared-protocol'
import type { Packet } from '../io/packet'
import type { Member } from '../presence/members'
import type { Registry } from '../presence/registry'

/*
 *   out --enter--> waiting --flush--> in --sleep--> asleep --wake--> out
 *                     `------------ sleep ------------^         end: from anywhere
 *
 * A membership's place in its topic: what it is told of there, and from when to when. While its session has no
 * connection it sleeps: it is told nothing, and keeps its presence. (S-6)
 */

/** What a topic is told through: the session. */
export type AttachmentOutlet = Pick<Member, 'dialect' | 'isCongested' | 'deliver'>

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
  /** Ends the wait for the flush that is to let it in. */
  #endWait: (() => void) | null = null

  constructor(
    outlet: AttachmentOutlet,
    wantsPresence: boolean,
    topic: Topic,
    registry: Pick<Registry, 'hub' | 'detach' | 'catchUp'>,
  ) {
    this.#outlet = outlet
    this.wantsPresence = wantsPresence
    this.#topic = topic
    this.#registry = registry
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

  get claim(): JoinMessage | null {
    return this.#claim
  }

  /** Waits until the next flush has let it in, or it sleeps or is over. `onAdmitted` is called before the state goes out. */
  enter(message: JoinMessage, onAdmitted: () => void): Promise<void> {
    // A client that came back meanwhile knows its latest join only.
    const isOutdated = this.#claim !== null && this.#claim !== message
    if (this.#isAsleep || this.#isEnded || isOutdated) return Promise.resolve()
    return new Promise((resolve) => {
      this.#endWait = resolve
      const admit = () => {
        this.#isAdmitted = true
        onAdmitted()
        this.#endWait = null
        resolve()
      }
      const since = message.since ?? null
      const isReturning = this.#claim === message
      const admission = { withState: true, isReturning, since, onAdmitted: admit }
      this.#registry.hub(this.#topic).attach(this, admission)
    })
  }

  /** Follows the topic from now on, without being given its state. */
  follow(): void {
    const hub = this.#registry.hub(this.#topic)
    hub.attach(this, { onAdmitted: null, withState: false, isReturning: false, since: null })
    hub.announceOpening()
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

  deliver(packet: Packet): void {
    this.#outlet.deliver(packet)
  }

  /** Its peer has read what waited. */
  catchUp(): void {
    this.#registry.catchUp(this.#topic, this)
  }

  #detach(): void {
    this.#isAdmitted = false
    this.#registry.detach(this.#topic, this)
    this.#endWait?.()
    this.#endWait = null
  }
}
