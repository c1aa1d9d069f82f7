import type {
  Dialect,
  FullDiff,
  Position,
  PresenceRef,
  PresenceSnapshot,
  Topic,
} from '@rollcall/shared-protocol'
import type { Clock } from '../io/clock'
import { Packet } from '../io/packet'
import { MAX_TURN_MS } from '../io/read-scheduler'
import type { RecentStates } from './recent-states'
import type { Subscriber, Subscribers, SubscriptionStart } from './subscribers'
import type { TopicState } from './topic-state'

interface Delivery {
  /** Goes out before the state: see {@link Parting}. */
  readonly parting: Packet | null
  readonly packet: Packet
}

/** Stands in for the packet of a subscriber that cannot take a state now. */
const DEFERRED = Symbol('deferred')

/**
 * Delivers the state to the due subscribers that pass `filter` and makes them live. Many are served in slices, with a
 * turn of the event loop between two of them. All packets are chosen before the first slice: a diff that arrives in
 * between goes out with the next flush and follows this state. Resolves with the milliseconds of processor time.
 */
export async function deliverStates(
  subscribers: Subscribers,
  packets: StatePackets,
  clock: Clock,
  filter: (start: SubscriptionStart) => boolean,
): Promise<number> {
  const startedMs = clock.now()
  const at = packets.position
  const due = subscribers.dueWith((subscriber, start) => deliveryFor(subscriber, start, packets), filter)
  let busyMs = 0
  let sliceStartedMs = startedMs
  for (const [subscriber, start, delivery] of due) {
    deliver(subscribers, subscriber, start, delivery, at)
    const spentMs = clock.now() - sliceStartedMs
    if (spentMs < MAX_TURN_MS) continue
    busyMs += spentMs
    await new Promise<void>((resolve) => clock.soon(resolve))
    sliceStartedMs = clock.now()
  }
  return busyMs + clock.now() - sliceStartedMs
}

function deliveryFor(
  subscriber: Subscriber,
  { withState, since, ownRef, parting }: SubscriptionStart,
  packets: StatePackets,
): Delivery | typeof DEFERRED | null {
  if (!withState || !subscriber.receivesPresence) return null
  // Checked first: encoding a large state takes long, and perhaps nobody could take it.
  if (subscriber.isCongested || !subscriber.canSendState()) return DEFERRED
  const packet = packets.packetFor(subscriber.dialect, since, ownRef)
  return { packet, parting: parting?.packetFor(subscriber.dialect) ?? null }
}

/** Skips a subscriber that has left, or has asked for a newer state, since its packet was chosen. */
function deliver(
  subscribers: Subscribers,
  subscriber: Subscriber,
  start: SubscriptionStart,
  delivery: Delivery | typeof DEFERRED | null,
  at: Position | null,
): void {
  if (!subscribers.activate(subscriber, start)) return
  start.onStarted?.(at)
  if (!delivery) return
  // Checked again: a state to another subscriber of the same account may have used the account's space.
  if (
    delivery === DEFERRED ||
    subscriber.isCongested ||
    (delivery.packet.isState && !subscriber.canSendState())
  )
    return subscribers.markBehind(subscriber)
  if (delivery.parting) subscriber.deliver(delivery.parting)
  subscriber.deliver(delivery.packet)
}

/**
 * The packets of one flush for subscribers that start: the state, or the changes that a returning client missed. Each is
 * built and encoded once, as a thousand clients that return together mostly missed the same changes.
 */
export class StatePackets {
  readonly #topic: Topic
  readonly #state: TopicState
  readonly #recent: RecentStates
  #snapshot: PresenceSnapshot | null = null
  readonly #states = new Map<Dialect, Packet>()
  readonly #missed = new Map<string, FullDiff | null>()
  readonly #joined = new Map<FullDiff, ReadonlySet<PresenceRef>>()
  readonly #diffs = new Map<Dialect, Map<FullDiff, Packet>>()

  constructor(topic: Topic, state: TopicState, recent: RecentStates) {
    this.#topic = topic
    this.#state = state
    this.#recent = recent
  }

  get position(): Position | null {
    return this.#state.position
  }

  /**
   * The changes since a position; the whole state where the history no longer reaches back to it, or where the presence
   * `ownRef` joined after it.
   */
  packetFor(dialect: Dialect, since: Position | null, ownRef: PresenceRef | null = null): Packet {
    const missed = since && this.#missedSince(since)
    const isForIt = missed && (ownRef === null || !this.#joinedIn(missed).has(ownRef))
    return isForIt ? this.#diffPacket(dialect, missed) : this.#statePacket(dialect)
  }

  #joinedIn(missed: FullDiff): ReadonlySet<PresenceRef> {
    let joined = this.#joined.get(missed)
    if (!joined) {
      joined = new Set(missed.joins.map(({ ref }) => ref))
      this.#joined.set(missed, joined)
    }
    return joined
  }

  #missedSince(since: Position): FullDiff | null {
    const at = `${since.seq}@${since.epoch}`
    let missed = this.#missed.get(at)
    if (missed === undefined) {
      missed = this.#state.since(since)
      this.#missed.set(at, missed)
    }
    return missed
  }

  #statePacket(dialect: Dialect): Packet {
    let packet = this.#states.get(dialect)
    if (!packet) {
      packet = this.#recentOrEncoded(dialect)
      this.#states.set(dialect, packet)
    }
    return packet
  }

  #recentOrEncoded(dialect: Dialect): Packet {
    const { position } = this.#state
    const recent = position && this.#recent.get(this.#topic, dialect, position)
    if (recent) return recent
    this.#snapshot ??= this.#state.snapshot()
    const state = { kind: 'state', topic: this.#topic, joinRef: null, snapshot: this.#snapshot } as const
    const packet = new Packet(dialect.encodeServer(state), true)
    if (position) this.#recent.keep(this.#topic, dialect, position, packet)
    return packet
  }

  #diffPacket(dialect: Dialect, diff: FullDiff): Packet {
    let byDiff = this.#diffs.get(dialect)
    if (!byDiff) {
      byDiff = new Map()
      this.#diffs.set(dialect, byDiff)
    }
    let packet = byDiff.get(diff)
    if (!packet) {
      packet = new Packet(dialect.encodeServer({ kind: 'diff', topic: this.#topic, diff }))
      byDiff.set(diff, packet)
    }
    return packet
  }
}
