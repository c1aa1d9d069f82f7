import type { Dialect, Position, PresenceRef, ServerMessage } from '@rollcall/shared-protocol'
import { Packet } from '../io/packet'
import type { Parting } from './parting'

/** One who is told of a topic: a channel. */
export interface Subscriber {
  readonly dialect: Dialect
  /** Whether presence is told to it, or only the channel's own events. */
  readonly receivesPresence: boolean
  /** Whether its peer is behind with its reading. Presence is kept from it until it has caught up. */
  readonly isCongested: boolean
  /** Whether a state can be delivered to it now. Where not, it is to catch up once one can. */
  canSendState(): boolean
  /** Queues frames for the connection behind it. Must not throw, and must not call back into the topic. */
  deliver(packet: Packet): void
}

/** How a member that waits comes in. */
export interface SubscriptionStart {
  /** Called just before the state is delivered, with where the topic stands. */
  readonly onStarted: ((at: Position | null) => void) | null
  /** Whether the state is delivered at all. */
  readonly withState: boolean
  /** Whether what this node knows will do while the store cannot be asked: it has been here before. (S-28) */
  readonly isReturning: boolean
  /** Where its map stands: what it missed since then will do in place of the state. */
  readonly since: Position | null
  /** What it missed is for it only where this presence was there then; null where it is for it in any case. */
  readonly ownRef: PresenceRef | null
  /** Delivered just before the state, to a member whose map stands where the lost history ended. */
  readonly parting?: Parting | undefined
}

/** Of one who is in already, and is to be given the state again. */
export const RESTART_WITH_STATE: SubscriptionStart = {
  onStarted: null,
  withState: true,
  isReturning: true,
  since: null,
  ownRef: null,
}

/**
 * The members of one topic on this node, by dialect, so that what goes to many is encoded once for each dialect.
 * A member waits for a state before it is told of diffs (P-1), and may come to wait again.
 */
export class Subscribers {
  readonly #live = new Map<Dialect, Set<Subscriber>>()
  /** Wait for the next flush. */
  #waiting = new Map<Subscriber, SubscriptionStart>()
  /** Waited when the running flush began: what they staged before is in it. */
  readonly #due = new Map<Subscriber, SubscriptionStart>()
  /** Live ones that presence is kept from: their peers are behind with their reading. */
  readonly #behind = new Set<Subscriber>()
  #size = 0

  get size(): number {
    return this.#size
  }

  get hasScheduled(): boolean {
    return this.#waiting.size > 0
  }

  /**
   * Has the member admitted in the next flush. One that is live already stays so for events; of presence it is told
   * nothing until its state.
   */
  scheduleState(member: Subscriber, admission: SubscriptionStart): void {
    const earlier = this.#waiting.get(member) ?? this.#due.get(member)
    if (!earlier && !this.#live.get(member.dialect)?.has(member)) this.#size++
    this.#due.delete(member)
    this.#behind.delete(member)
    this.#waiting.set(member, {
      onStarted: admission.onStarted ?? earlier?.onStarted ?? null,
      withState: admission.withState || (earlier?.withState ?? false),
      isReturning: admission.isReturning && (earlier?.isReturning ?? true),
      since: admission.since,
      ownRef: admission.ownRef,
      parting: earlier?.parting ?? admission.parting,
    })
  }

  remove(member: Subscriber): void {
    if (this.#forget(member)) this.#size--
  }

  /** Notes that presence was kept from a member. What it holds does not lead to what is until it has the state. (S-9) */
  markBehind(member: Subscriber): void {
    this.#behind.add(member)
  }

  /** Whether the member had fallen behind; if so it waits for the state now. */
  catchUp(member: Subscriber): boolean {
    if (!this.#behind.has(member)) return false
    this.scheduleState(member, RESTART_WITH_STATE)
    return true
  }

  /**
   * Everybody has to be given a state: what they hold does not lead to what is.
   *
   * @param parting tells those who were told of everything so far what they missed
   */
  scheduleStateForAll(parting?: Parting): void {
    for (const [dialect, members] of this.#live) {
      for (const member of members) {
        if (!member.receivesPresence) continue
        // Without topics of its own a dialect is told of diffs while it waits, and of each once.
        const isUpToDate = !dialect.hasImplicitTopic && !this.#behind.has(member) && !this.#isDue(member)
        this.scheduleState(member, isUpToDate ? { ...RESTART_WITH_STATE, parting } : RESTART_WITH_STATE)
      }
    }
    // What is on its way to those was settled before.
    for (const [member, admission] of [...this.#due]) this.scheduleState(member, admission)
  }

  /**
   * To be called as a flush begins. Who comes to wait while it runs is left for the next one: what that member has
   * staged is not in this commit, and it would be given a state without itself.
   */
  beginFlush(): void {
    for (const [member, admission] of this.#waiting) this.#due.set(member, admission)
    this.#waiting = new Map()
  }

  /** Those captured who `may` come in, each with what `give` has for it. */
  dueWith<T>(
    give: (member: Subscriber, admission: SubscriptionStart) => T,
    may: (admission: SubscriptionStart) => boolean = () => true,
  ): [Subscriber, SubscriptionStart, T][] {
    const due = [...this.#due].filter(([, admission]) => may(admission))
    return due.map(([member, admission]) => [member, admission, give(member, admission)])
  }

  /**
   * Makes one that was captured live; the caller delivers the state to it before anything else. False where it is not
   * due any more, or on other terms.
   */
  activate(member: Subscriber, admission: SubscriptionStart): boolean {
    if (this.#due.get(member) !== admission) return false
    this.#due.delete(member)
    const members = this.#live.get(member.dialect)
    if (members) members.add(member)
    else this.#live.set(member.dialect, new Set([member]))
    return true
  }

  /** Encodes once a dialect and delivers to every live member, except one; `isPrompt` is that of {@link Packet}. */
  broadcast(message: ServerMessage, except: Subscriber | null = null, isPrompt = false): void {
    const isPresence = message.kind === 'diff' || message.kind === 'opened'
    for (const [dialect, members] of this.#live) {
      // A diff is of no use to who is about to be given the state, save where it builds on none (Vix): there it is
      // the only word that somebody came.
      const needsState = message.kind === 'diff' && !dialect.hasImplicitTopic
      let packet: Packet | null = null
      for (const member of members) {
        if (member === except || (isPresence && !member.receivesPresence)) continue
        if (needsState && this.#isDue(member)) continue
        if (message.kind === 'diff' && this.#isBehind(member)) continue
        packet ??= new Packet(dialect.encodeServer(message), false, isPrompt)
        if (packet.frames.length === 0) break
        member.deliver(packet)
      }
    }
  }

  #isDue(member: Subscriber): boolean {
    return this.#waiting.has(member) || this.#due.has(member)
  }

  #isBehind(member: Subscriber): boolean {
    if (member.isCongested) this.#behind.add(member)
    return this.#behind.has(member)
  }

  #forget(member: Subscriber): boolean {
    this.#behind.delete(member)
    const wasLive = this.#live.get(member.dialect)?.delete(member) ?? false
    const wasWaiting = this.#waiting.delete(member)
    return this.#due.delete(member) || wasWaiting || wasLive
  }
}
