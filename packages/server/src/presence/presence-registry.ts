import {
  type Fault,
  type JsonObject,
  type Key,
  type LeaveReason,
  type Limits,
  type Meta,
  mergePatch,
  type Payload,
  type Position,
  type Presence,
  type PresenceRef,
  type Topic,
} from '@rollcall/shared-protocol'
import type { Account } from '../identity/account'
import { storeMessageOf } from '../store/store'
import { Adoptions } from './adoptions'
import { checkEvent, checkTracked, jsonObjectText, notTracked } from './arguments'
import { Backlog } from './backlog'
import type { HistoryOptions } from './history'
import { HistoryBudget } from './history-budget'
import { OwnedPresences, type Owner } from './owned-presences'
import { RecentStates } from './recent-states'
import { type RegistryDiff, registryDiff, registryDiffOfState } from './registry-diff'
import type { Subscriber } from './subscribers'
import { TopicHub } from './topic-hub'
import type { TopicServices } from './topic-services'

/** The result of `track`, `update` or `patch`: the presence as it is now, or the reason why nothing changed. */
export type TrackResult =
  | { readonly ok: true; readonly presence: Presence }
  | { readonly ok: false; readonly fault: Fault }

export interface PresenceRegistryContext
  extends Omit<TopicServices, 'backlog' | 'historyBudget' | 'recentStates'> {
  readonly history: HistoryOptions
  readonly limits: Limits
  /** Changes that may wait while the store is unreachable. */
  readonly maxQueuedChanges: number
  /** Mints refs that are unique over all nodes and restarts. */
  readonly mintRef: () => PresenceRef
}

/**
 * One node's presences and its view of all topics over a store. Sessions, nodes and channels use it; an application gets
 * the facade, {@link Registry}, which documents the members that both have.
 */
export class PresenceRegistry {
  readonly #context: PresenceRegistryContext
  readonly #services: TopicServices
  readonly #hubs = new Map<Topic, TopicHub>()
  readonly #owned = new OwnedPresences()
  /** Presences that other nodes go on with and may not have adopted yet. */
  readonly #handedOff = new OwnedPresences()
  readonly #adoptions: Adoptions

  constructor(context: PresenceRegistryContext) {
    this.#context = context
    this.#services = {
      ...context,
      backlog: new Backlog(context.maxQueuedChanges),
      historyBudget: new HistoryBudget(context.history.maxTotalBytes),
      recentStates: new RecentStates(context.clock),
    }
    this.#adoptions = new Adoptions((owner, topic) => context.store.adopt(topic, owner), context.clock)
  }

  get size(): number {
    return this.#owned.count
  }

  /** Presences of one account on this node; bounded by `limits.presencesPerIdentity`. */
  sizeOf(account: Account): number {
    return this.#owned.countOf(account)
  }

  /** Accounts that have presences on this node. */
  get accountCount(): number {
    return this.#owned.accountCount
  }

  /**
   * `account` is the account whose share the presence uses: a channel passes that of its session, and null counts for
   * nobody. Refused also when the account has as many presences as `limits.presencesPerIdentity` allows.
   */
  track(owner: Owner, topic: Topic, key: Key, meta: Meta, account: Account | null = null): TrackResult {
    const { limits, mintRef } = this.#context
    const checked = checkTracked(topic, key, meta, limits)
    if (checked.fault) return { ok: false, fault: checked.fault }
    const held = this.#owned.get(owner, topic)
    if (held?.key === key) {
      // A client that joins again with the same meta, as after a reconnect, changes nothing for anybody.
      if (JSON.stringify(held.meta) === checked.text) return { ok: true, presence: held }
      const unavailable = this.#services.backlog.fault
      if (unavailable) return { ok: false, fault: unavailable }
      const next = { ...held, rev: held.rev + 1, meta: checked.meta }
      this.#owned.set(owner, topic, next)
      this.hub(topic).update(next, owner)
      return { ok: true, presence: next }
    }
    const refused = this.#services.backlog.fault ?? (held ? null : this.#fullFault(owner, account))
    if (refused) return { ok: false, fault: refused }

    const presence: Presence = { ref: mintRef(), key, meta: checked.meta, rev: 0 }
    const hub = this.hub(topic)
    hub.join(presence, owner)
    if (held) hub.leave(held.ref, 'replaced')
    this.#owned.set(owner, topic, presence, account)
    return { ok: true, presence }
  }

  /** Checks and builds a presence as {@link track} would, but shows it to nobody. It replaces `earlier`. */
  buildHidden(topic: Topic, key: Key, meta: Meta, earlier: Presence | null): TrackResult {
    const { limits, mintRef } = this.#context
    const checked = checkTracked(topic, key, meta, limits)
    if (checked.fault) return { ok: false, fault: checked.fault }
    const { ref, rev } =
      earlier?.key === key ? { ref: earlier.ref, rev: earlier.rev + 1 } : { ref: mintRef(), rev: 0 }
    return { ok: true, presence: { ref, key, meta: checked.meta, rev } }
  }

  update(owner: Owner, topic: Topic, meta: Meta): TrackResult {
    const held = this.#owned.get(owner, topic)
    if (!held) return { ok: false, fault: notTracked(topic) }
    return this.track(owner, topic, held.key, meta)
  }

  patch(owner: Owner, topic: Topic, patch: JsonObject): TrackResult {
    const held = this.#owned.get(owner, topic)
    if (!held) return { ok: false, fault: notTracked(topic) }
    jsonObjectText('A patch', patch)
    return this.track(owner, topic, held.key, mergePatch(held.meta, patch))
  }

  untrack(owner: Owner, topic: Topic, reason: LeaveReason = 'left'): boolean {
    // A presence that is being adopted leaves as soon as it has arrived.
    const wasArriving = this.#adoptions.revoke(owner, topic, reason)
    const held = this.#owned.delete(owner, topic)
    if (!held) return wasArriving
    this.hub(topic).leave(held.ref, reason)
    return true
  }

  untrackAll(owner: Owner, reason: LeaveReason = 'closed'): number {
    const topics = this.#owned.topicsOf(owner)
    for (const topic of [...topics, ...this.#adoptions.topicsOf(owner)]) this.untrack(owner, topic, reason)
    return topics.length
  }

  /**
   * Makes the owner's presence on another node this node's own, unchanged and without a message to the topic. Resolves
   * with the owner's presence here; with null if it has none, or the node or the account is full. Waits while the store
   * is unreachable.
   */
  async adopt(owner: Owner, topic: Topic, account: Account | null = null): Promise<Presence | null> {
    return this.#fullFault(owner, account) ? null : this.#adopt(owner, topic, account)
  }

  /** Ends the owner's presence on another node as soon as the store is reachable. */
  adoptAndLeave(owner: Owner, topic: Topic, reason: LeaveReason, account: Account | null = null): void {
    // The limits do not apply yet: if the presence is wanted again before it arrives, they are checked then.
    void this.#adopt(owner, topic, account)
    this.untrack(owner, topic, reason)
  }

  /**
   * Lets another node go on with the owner. Presences that were never committed leave at once. The others stay for that
   * node to adopt; call {@link leaveUnlessAdopted} for each of the returned topics once it had time to.
   */
  handOff(owner: Owner): readonly Topic[] {
    const handedOff: Topic[] = []
    this.#adoptions.cancelAll(owner)
    for (const topic of this.#owned.topicsOf(owner)) {
      const held = this.#owned.get(owner, topic)
      if (!held || this.hub(topic).isUncommitted(held.ref)) this.untrack(owner, topic, 'left')
      else {
        this.leaveUnlessAdopted(owner, topic)
        this.#owned.delete(owner, topic)
        this.#handedOff.set(owner, topic, held)
        handedOff.push(topic)
      }
    }
    return handedOff
  }

  /** Ends a presence that was handed off, with `left`, unless another node has adopted it. */
  leaveUnlessAdopted(owner: Owner, topic: Topic): void {
    const presence = this.#handedOff.delete(owner, topic)
    if (presence) this.hub(topic).leave(presence.ref, 'left', { ifStillHeld: true })
  }

  get(owner: Owner, topic: Topic): Presence | undefined {
    return this.#owned.get(owner, topic)
  }

  async list(topic: Topic): Promise<Presence[]> {
    const hub = this.#hubs.get(topic)
    return hub ? hub.list() : [...(await this.#context.store.read(topic)).presences]
  }

  async count(topic: Topic): Promise<number> {
    const hub = this.#hubs.get(topic)
    return hub ? hub.count() : this.#context.store.count(topic)
  }

  async diff(topic: Topic, since?: Position): Promise<RegistryDiff> {
    const state = await this.#hubs.get(topic)?.committedState()
    const net = since && state?.since(since)
    return net
      ? registryDiff(net)
      : registryDiffOfState(state?.snapshot() ?? (await this.#context.store.read(topic)))
  }

  /** Returns the topic's hub on this node and creates it if needed. An idle hub is forgotten by itself. */
  hub(topic: Topic): TopicHub {
    let hub = this.#hubs.get(topic)
    if (!hub) {
      hub = new TopicHub(topic, this.#services, this.#forget)
      this.#hubs.set(topic, hub)
    }
    return hub
  }

  /**
   * Sends an event to every subscriber of the topic on all nodes, except one. Throws `invalid_argument` for an event name
   * that belongs to the protocol or contains a forbidden character.
   */
  broadcast(topic: Topic, event: string, payload: Payload, except: Subscriber | null = null): void {
    checkEvent(event)
    this.#hubs.get(topic)?.broadcastEvent(event, payload, except)
    this.#context.store.publish(topic, storeMessageOf(event, payload)).catch((error: unknown) => {
      const text =
        'The store did not deliver a broadcast to the other nodes; clients there do not receive it.'
      this.#context.log.warn({ err: error, topic, event }, text)
    })
  }

  /** Topics that have a hub on this node. */
  get topicCount(): number {
    return this.#hubs.size
  }

  /** Approximate bytes of all histories on this node; bounded by `history.maxTotalBytes`. */
  get historyBytes(): number {
    return this.#services.historyBudget.bytes
  }

  /** Call it when the store reports whether it is reachable. Meanwhile changes wait, up to `maxQueuedChanges`. */
  setReachable(isReachable: boolean): void {
    this.#services.backlog.isReachable = isReachable
    if (!isReachable) return
    this.#adoptions.retryNow()
    for (const hub of [...this.#hubs.values()]) hub.retryNow()
  }

  get isReachable(): boolean {
    return this.#services.backlog.isReachable
  }

  /** Resolves once the store has every staged change of the topics it has reported. Waits while the store is down. */
  async whenCommitted(): Promise<void> {
    await Promise.allSettled([...this.#hubs.values()].map((hub) => hub.committedState()))
  }

  close(): void {
    this.#adoptions.close()
    for (const hub of this.#hubs.values()) hub.close()
    this.#hubs.clear()
    this.#services.recentStates.close()
  }

  #adopt(owner: Owner, topic: Topic, account: Account | null): Promise<Presence | null> {
    return this.#adoptions.adopt(owner, topic, (presence, leaveReason) => {
      const hub = this.hub(topic)
      const tracked = this.#owned.get(owner, topic) ?? null
      // If a drop of this presence is staged or in flight, that drop ends it.
      if (tracked?.ref === presence.ref || hub.isLeaving(presence.ref)) return tracked
      const handedOff = this.#handedOff.get(owner, topic)
      if (handedOff?.ref === presence.ref) this.#handedOff.delete(owner, topic)
      else hub.countAdopted()
      // Checked again, as other presences may have arrived meanwhile.
      const full = tracked ? null : this.#fullFault(owner, account)
      if (tracked || full || leaveReason !== null)
        hub.leave(presence.ref, leaveReason ?? (full ? 'left' : 'replaced'))
      else this.#owned.set(owner, topic, presence, account)
      return this.#owned.get(owner, topic) ?? null
    })
  }

  readonly #forget = (hub: TopicHub): void => {
    if (this.#hubs.get(hub.topic) === hub) this.#hubs.delete(hub.topic)
    hub.close()
  }

  #fullFault(owner: Owner, account: Account | null): Fault | null {
    return this.#owned.fullFault(owner, account, this.#context.limits)
  }
}
