import {
  checkBytes,
  checkName,
  type Fault,
  fault,
  type JsonObject,
  type Key,
  type LeaveReason,
  type Limits,
  limitFault,
  type Meta,
  mergePatch,
  type Payload,
  type Position,
  type Presence,
  type PresenceDiff,
  type PresenceRef,
  type Topic,
} from '@rollcall/shared-protocol'
import { ServerError } from '../errors'
import { type Account, nameAccount } from '../identity/account'
import { storeMessageOf } from '../store/store'
import { Adoptions } from './adoptions'
import { checkEvent, jsonObjectText } from './arguments'
import type { HistoryOptions } from './history'
import { HistoryBudget } from './history-budget'
import { OwnedPresences, type Owner } from './owned-presences'
import { RecentStates } from './recent-states'
import type { Subscriber } from './subscribers'
import { type Backlog, TopicHub, type TopicHubContext } from './topic-hub'

/** What came of a `track`, `update` or `patch`: the presence as it is now, or why it was refused. */
export type TrackResult =
  | { readonly ok: true; readonly presence: Presence }
  | { readonly ok: false; readonly fault: Fault }

/** What {@link Registry.diff} answers. */
export interface RegistryDiff extends PresenceDiff {
  /** Whether `joins` is everybody, so that whoever asked has to replace what they hold. */
  readonly isFull: boolean
}

export interface RegistryContext
  extends Omit<TopicHubContext, 'onIdle' | 'backlog' | 'historyBudget' | 'keptStates'> {
  readonly history: HistoryOptions
  readonly limits: Limits
  /** Changes that may wait while the store cannot be reached. */
  readonly maxQueuedChanges: number
  /** Mints refs: unique over all nodes and restarts. */
  readonly mintRef: () => PresenceRef
}

/** What a client is told to wait, in milliseconds, while the store is away. */
const STORE_RETRY_MS = 1000

interface CheckedMeta {
  /** The meta as JSON. */
  readonly text: string
  readonly meta: Meta
  readonly fault: Fault | null
}

/** One node's live view over a store: who is present where, and the means to change it for this node's own sessions. */
export class Registry {
  readonly #context: RegistryContext
  readonly #ofHubs: TopicHubContext
  readonly #hubs = new Map<Topic, TopicHub>()
  readonly #owned = new OwnedPresences()
  /** What other nodes go on with, and may not have adopted yet. */
  readonly #handedOff = new OwnedPresences()
  readonly #adoptions: Adoptions
  readonly #backlog: Backlog = { changes: 0, failingTopics: 0 }
  readonly #historyBudget: HistoryBudget
  readonly #keptStates: RecentStates
  #isReachable = true

  constructor(context: RegistryContext) {
    this.#context = context
    this.#historyBudget = new HistoryBudget(context.history.maxTotalBytes)
    this.#keptStates = new RecentStates(context.clock)
    const shared = {
      backlog: this.#backlog,
      historyBudget: this.#historyBudget,
      keptStates: this.#keptStates,
    }
    this.#ofHubs = { ...context, ...shared, onIdle: (idle) => this.#forget(idle) }
    this.#adoptions = new Adoptions((owner, topic) => context.store.adopt(topic, owner), context.clock)
  }

  /** Presences that this node holds for its own owners; bounded by `limits.capacity`. */
  get size(): number {
    return this.#owned.count
  }

  /** Those of one account; bounded by `limits.presencesPerIdentity`. */
  sizeOf(account: Account): number {
    return this.#owned.countOf(account)
  }

  /** Accounts that any presences are counted for. */
  get accountCount(): number {
    return this.#owned.accountCount
  }

  /**
   * Makes `owner` present in `topic` under `key`. An owner has one presence in a topic: tracking again overwrites it,
   * as an update where the key stays the same. Everybody in the topic is told with the topic's next flush.
   *
   * Refused, with the limit, the value and the option, when topic, key or meta take too many UTF-8 bytes or the node
   * is full, or the account holds as many as one may; with `invalid_text` when topic or key has a character that no name
   * may have, such as a line break; with `store_unavailable` when the store cannot be reached and `maxQueuedChanges` wait
   * for it. Throws `invalid_argument` where meta is not a JSON object: that is a mistake of the calling program.
   *
   * `account` is whom it is counted for, beside the node: channels say that of their session, and a program that tracks
   * for itself says nobody.
   *
   * @example
   * const tracked = registry.track(session.id, 'room:lobby', 'ada', { status: 'online' })
   * if (!tracked.ok) console.warn(tracked.fault.message)
   */
  track(owner: Owner, topic: Topic, key: Key, meta: Meta, account: Account | null = null): TrackResult {
    const checked = this.#checkMeta(meta)
    const problem = this.#checkNames(topic, key) ?? checked.fault
    if (problem) return { ok: false, fault: problem }
    const held = this.#owned.get(owner, topic)
    if (held?.key === key) {
      // The same again is no change: whoever joins anew with what they had, as after a reconnect, disturbs nobody.
      if (JSON.stringify(held.meta) === checked.text) return { ok: true, presence: held }
      const next = { ...held, rev: held.rev + 1, meta: checked.meta }
      return this.#unavailable() ?? this.#put(owner, topic, next)
    }
    const unavailable = this.#unavailable()
    if (unavailable) return unavailable
    const full = held ? null : this.#fullFault(owner, account)
    if (full) return { ok: false, fault: full }

    const presence: Presence = { ref: this.#context.mintRef(), key, meta: checked.meta, rev: 0 }
    const hub = this.hub(topic)
    hub.join(presence, owner)
    if (held) hub.leave(held.ref, 'replaced')
    this.#owned.set(owner, topic, presence, account)
    return { ok: true, presence }
  }

  /**
   * What {@link track} would make of it, without making anybody present: for what is to be shown to nobody. `earlier` is
   * the draft before it.
   */
  buildHidden(topic: Topic, key: Key, meta: Meta, earlier: Presence | null): TrackResult {
    const checked = this.#checkMeta(meta)
    const problem = this.#checkNames(topic, key) ?? checked.fault
    if (problem) return { ok: false, fault: problem }
    const { ref, rev } =
      earlier?.key === key
        ? { ref: earlier.ref, rev: earlier.rev + 1 }
        : { ref: this.#context.mintRef(), rev: 0 }
    return { ok: true, presence: { ref, key, meta: checked.meta, rev } }
  }

  /** Replaces the meta of the owner's presence. Refused with `not_tracked` where there is none. */
  update(owner: Owner, topic: Topic, meta: Meta): TrackResult {
    const held = this.#owned.get(owner, topic)
    if (!held) return { ok: false, fault: notTracked(topic) }
    return this.track(owner, topic, held.key, meta)
  }

  /** Changes part of the meta: a JSON merge patch (RFC 7396). Refused with `not_tracked` where there is no presence. */
  patch(owner: Owner, topic: Topic, patch: JsonObject): TrackResult {
    const held = this.#owned.get(owner, topic)
    if (!held) return { ok: false, fault: notTracked(topic) }
    jsonObjectText('A patch', patch)
    return this.track(owner, topic, held.key, mergePatch(held.meta, patch))
  }

  /** Ends the owner's presence in the topic. Whether there was one. */
  untrack(owner: Owner, topic: Topic, reason: LeaveReason = 'left'): boolean {
    // What is about to be taken over for the owner goes as soon as it is there.
    const wasComing = this.#adoptions.revoke(owner, topic, reason)
    const held = this.#owned.delete(owner, topic)
    if (!held) return wasComing
    this.hub(topic).leave(held.ref, reason)
    return true
  }

  /** Ends all presences of the owner, in every topic. How many there were. */
  untrackAll(owner: Owner, reason: LeaveReason = 'closed'): number {
    const topics = this.#owned.topicsOf(owner)
    for (const topic of [...topics, ...this.#adoptions.topicsOf(owner)]) this.untrack(owner, topic, reason)
    return topics.length
  }

  /**
   * Takes over the presence that the owner has in the topic on another node, as it is: nobody is told. The owner's
   * presence here, where there is one already, and null where there is none, or where the node is full or the account
   * holds as many as one may. Waits for a store that cannot be asked.
   */
  async adopt(owner: Owner, topic: Topic, account: Account | null = null): Promise<Presence | null> {
    return this.#fullFault(owner, account) ? null : this.#adopt(owner, topic, account)
  }

  /** Ends the presence that the owner has in the topic on another node, as soon as the store can be asked. */
  adoptAndLeave(owner: Owner, topic: Topic, reason: LeaveReason, account: Account | null = null): void {
    // However many it has: it may come to be wanted again before it is there, and is looked at then.
    void this.#adopt(owner, topic, account)
    this.untrack(owner, topic, reason)
  }

  /**
   * Another node goes on with the owner. What the store has not heard of goes at once. The rest stays, for that node to
   * adopt, until {@link leaveUnlessAdopted} is called for its topics, which are returned.
   */
  handOff(owner: Owner): readonly Topic[] {
    const given: Topic[] = []
    this.#adoptions.cancelAll(owner)
    for (const topic of this.#owned.topicsOf(owner)) {
      const held = this.#owned.get(owner, topic)
      if (!held || this.hub(topic).isUncommitted(held.ref)) this.untrack(owner, topic, 'left')
      else {
        this.leaveUnlessAdopted(owner, topic)
        this.#owned.delete(owner, topic)
        this.#handedOff.set(owner, topic, held)
        given.push(topic)
      }
    }
    return given
  }

  /** Lets go of a presence that was given away: it leaves with `left`, unless another node has adopted it. */
  leaveUnlessAdopted(owner: Owner, topic: Topic): void {
    const given = this.#handedOff.delete(owner, topic)
    if (given) this.hub(topic).leave(given.ref, 'left', 'doubtful')
  }

  /** The owner's presence in the topic, as last accepted. */
  get(owner: Owner, topic: Topic): Presence | undefined {
    return this.#owned.get(owner, topic)
  }

  /** Everybody in the topic, on all nodes; this node's own changes are in it as soon as they were accepted. */
  async list(topic: Topic): Promise<Presence[]> {
    const hub = this.#hubs.get(topic)
    return hub ? hub.list() : [...(await this.#context.store.read(topic)).presences]
  }

  /** How many presences are in the topic, on all nodes. */
  async count(topic: Topic): Promise<number> {
    const hub = this.#hubs.get(topic)
    return hub ? hub.count() : this.#context.store.count(topic)
  }

  /**
   * The net change of the topic since a position. Without one, or where what happened since is not known any more,
   * everybody in `joins` and `isFull` set.
   */
  async diff(topic: Topic, since?: Position): Promise<RegistryDiff> {
    const state = await this.#hubs.get(topic)?.committedState()
    const net = since && state?.since(since)
    if (net) {
      const { epoch, base, seq, digest, joins } = net
      const updates = net.updates.map(({ ref, rev, meta }) => ({ ref, rev, meta }))
      const leaves = net.leaves.map(({ ref, key, reason }) => ({ ref, key, reason }))
      return { isFull: false, epoch, base, seq, digest, joins, updates, leaves }
    }
    const { epoch, seq, digest, presences } = state?.snapshot() ?? (await this.#context.store.read(topic))
    return { isFull: true, epoch, base: 0, seq, digest, joins: presences, updates: [], leaves: [] }
  }

  /** The topic on this node, made where it is not there yet. For channels; forgotten by itself when nobody needs it. */
  hub(topic: Topic): TopicHub {
    let hub = this.#hubs.get(topic)
    if (!hub) {
      hub = new TopicHub(topic, this.#ofHubs)
      this.#hubs.set(topic, hub)
    }
    return hub
  }

  /**
   * An event to every member of the topic, on all nodes, except one. Throws `invalid_argument` for a name that belongs
   * to the protocol, or has a character that no name may have.
   */
  broadcast(topic: Topic, event: string, payload: Payload, except: Subscriber | null = null): void {
    checkEvent(event)
    this.#hubs.get(topic)?.broadcastEvent(event, payload, except)
    this.#context.store.publish(topic, storeMessageOf(event, payload)).catch((error: unknown) => {
      this.#context.log.warn({ err: error, topic, event }, 'a broadcast did not reach the other nodes')
    })
  }

  /** A member's peer has read what waited for it. */
  catchUp(topic: Topic, member: Subscriber): void {
    this.#hubs.get(topic)?.catchUp(member)
  }

  /** The member is told no more of the topic. */
  detach(topic: Topic, member: Subscriber): void {
    this.#hubs.get(topic)?.detach(member)
  }

  /** Topics that this node takes part in. */
  get topicCount(): number {
    return this.#hubs.size
  }

  /** What the histories of all topics hold, about; bounded by `history.maxTotalBytes`. */
  get historyBytes(): number {
    return this.#historyBudget.bytes
  }

  /** Whether the store can be reached, as it says itself. While it cannot, changes wait for it within a bound. */
  setReachable(isReachable: boolean): void {
    this.#isReachable = isReachable
    if (!isReachable) return
    this.#adoptions.retryNow()
    for (const hub of [...this.#hubs.values()]) hub.retryNow()
  }

  get isReachable(): boolean {
    return this.#isReachable
  }

  /** Resolves once the store has all that was staged in topics that it told of; a store that is down keeps it waiting. */
  async whenCommitted(): Promise<void> {
    await Promise.allSettled([...this.#hubs.values()].map((hub) => hub.committedState()))
  }

  close(): void {
    this.#adoptions.close()
    for (const hub of this.#hubs.values()) hub.close()
    this.#hubs.clear()
    this.#keptStates.close()
  }

  #adopt(owner: Owner, topic: Topic, account: Account | null): Promise<Presence | null> {
    return this.#adoptions.adopt(owner, topic, (presence, revokedFor) => {
      const hub = this.hub(topic)
      const tracked = this.#owned.get(owner, topic) ?? null
      // A drop of it that is on its way has its effect now.
      if (tracked?.ref === presence.ref || hub.isLeaving(presence.ref)) return tracked
      const given = this.#handedOff.get(owner, topic)
      if (given?.ref === presence.ref) this.#handedOff.delete(owner, topic)
      else hub.countAdopted()
      // Others may have come in meanwhile, and many are on their way at a time.
      const full = tracked ? null : this.#fullFault(owner, account)
      if (tracked || full || revokedFor !== null)
        hub.leave(presence.ref, revokedFor ?? (full ? 'left' : 'replaced'))
      else this.#owned.set(owner, topic, presence, account)
      return this.#owned.get(owner, topic) ?? null
    })
  }

  #put(owner: Owner, topic: Topic, presence: Presence): TrackResult {
    this.#owned.set(owner, topic, presence)
    this.hub(topic).update(presence, owner)
    return { ok: true, presence }
  }

  #forget(hub: TopicHub): void {
    if (this.#hubs.get(hub.topic) === hub) this.#hubs.delete(hub.topic)
    hub.close()
  }

  #checkNames(topic: Topic, key: Key): Fault | null {
    for (const [what, name] of [
      ['A topic', topic],
      ['A key', key],
    ] as const) {
      if (typeof name === 'string') continue
      throw new ServerError(
        'invalid_argument',
        `${what} must be a string, not a value of type ${typeof name}.`,
      )
    }
    const { limits } = this.#context
    return (
      checkName('The topic', topic, 'topicBytes', limits) ?? checkName('The key', key, 'keyBytes', limits)
    )
  }

  /** The meta as its JSON says it: the text is needed for its size, and a copy cannot be changed by the caller later. */
  #checkMeta(meta: Meta): CheckedMeta {
    const text = jsonObjectText('A meta', meta)
    return {
      text,
      meta: JSON.parse(text) as Meta,
      fault: checkBytes('The meta', text, 'metaBytes', this.#context.limits),
    }
  }

  #unavailable(): TrackResult | null {
    const { maxQueuedChanges } = this.#context
    const { changes, failingTopics } = this.#backlog
    // A store that says it is there and takes no changes is as good as away.
    if ((this.#isReachable && failingTopics === 0) || changes < maxQueuedChanges) return null
    const text = `The store cannot be reached, and ${changes} changes wait for it already; the limit is ${maxQueuedChanges} (server option maxQueuedChanges).`
    return { ok: false, fault: fault('store_unavailable', text, { retryAfterMs: STORE_RETRY_MS }) }
  }

  /** Why the owner can have no more presences, whoever's share is used up; null where it can. */
  #fullFault(owner: Owner, account: Account | null): Fault | null {
    const { capacity, presencesPerIdentity } = this.#context.limits
    const counted = this.#owned.accountOf(owner) ?? account
    const own = counted === null ? 0 : this.#owned.countOf(counted)
    // What one does too much of is told first: the others' share has nothing to do with it.
    if (counted !== null && own >= presencesPerIdentity) {
      return fullFault(`${nameAccount(counted)} holds`, 'presencesPerIdentity', presencesPerIdentity, own)
    }
    const { count } = this.#owned
    return count >= capacity ? fullFault('This node holds', 'capacity', capacity, count) : null
  }
}

function fullFault(who: string, name: 'capacity' | 'presencesPerIdentity', max: number, held: number): Fault {
  return { ...limitFault(`${who} ${held} presences`, name, max, held + 1), code: 'capacity_exceeded' }
}

export function notTracked(topic: Topic): Fault {
  return fault(
    'not_tracked',
    `There is no presence in ${JSON.stringify(topic)} to change; join, or track one first.`,
  )
}
