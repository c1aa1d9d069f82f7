import {
  type Fault,
  type JsonObject,
  type Key,
  type LeaveReason,
  type MessageRef,
  type Meta,
  mergePatch,
  type Payload,
  type Position,
  type Presence,
  type PresenceRef,
  type Topic,
} from '@rollcall/shared-protocol'
import { withTimeout } from '../async/with-timeout'
import { isGuests } from '../identity/account'
import type { Identity } from '../identity/identity'
import type { Clock } from '../io/clock'
import { checkEvent, jsonObjectText, notTracked } from '../presence/arguments'
import type { Owner } from '../presence/owned-presences'
import type { PresenceRegistry, TrackResult } from '../presence/presence-registry'
import type { RegistryDiff } from '../presence/registry-diff'
import type { Subscriber } from '../presence/subscribers'
import type { ChannelContext } from './channel-context'
import type { ChannelSession } from './channel-session'
import { notJoined, Refusal, shownTooMuch, storeSilent } from './reply'

/** The channel behind a context. */
export interface Membership {
  readonly topic: Topic
  readonly joinRef: MessageRef
  readonly isGone: boolean
  readonly subscription: Subscriber & {
    /** Whether it receives the topic's messages. */
    readonly isLive: boolean
  }
  remove(reason: LeaveReason, problem?: Fault): void
}

/** The owner of a channel's presence if that is a name of the Vix dialect instead of the session. */
export interface PresenceOwner {
  readonly owner: Owner
  readonly identity: Identity
}

export interface SessionChannelContextInit {
  readonly membership: Membership
  readonly session: ChannelSession
  readonly registry: PresenceRegistry
  readonly guestsPerAddress: number
  readonly actingAs: PresenceOwner | null
}

/**
 * The context that a channel's functions get. Once the channel is gone it changes nothing: a slow handler must neither
 * leave a presence behind nor change the presence that a newer join of the session has taken over. (S-5)
 */
export class SessionChannelContext implements ChannelContext {
  readonly topic: Topic
  readonly #identity: Identity | null
  readonly #membership: Membership
  readonly #session: ChannelSession
  readonly #registry: PresenceRegistry
  readonly #guestsPerAddress: number
  readonly #owner: Owner
  #isResumed = false
  #hasTracked = false
  #isHidden = false
  /** The presence that it tracks while it is invisible. */
  #hidden: Presence | null = null
  #isReadOnly = false
  /** Whether the application's `join` is running. */
  #isJoining = false

  constructor({ membership, session, registry, guestsPerAddress, actingAs }: SessionChannelContextInit) {
    this.topic = membership.topic
    this.#identity = actingAs?.identity ?? null
    this.#membership = membership
    this.#session = session
    this.#registry = registry
    this.#guestsPerAddress = guestsPerAddress
    this.#owner = actingAs?.owner ?? session.id
  }

  get identity(): Identity {
    return this.#identity ?? this.#session.identity
  }

  get sessionId(): string {
    return this.#session.id
  }

  get account(): string | null {
    return this.#session.account
  }

  get rateFactor(): number {
    const { account } = this.#session
    return account !== null && isGuests(account) ? this.#guestsPerAddress : 1
  }

  get isResumed(): boolean {
    return this.#isResumed
  }

  get isReadOnly(): boolean {
    return this.#isReadOnly
  }

  get params(): ReadonlyMap<string, string> {
    return this.#session.params
  }

  get assigns(): Map<string, unknown> {
    return this.#session.assigns
  }

  /** Whether this channel has tracked a presence itself, instead of keeping that of an earlier join. */
  get hasTracked(): boolean {
    return this.#hasTracked
  }

  /** Notes that the session continues here after a reload, so that nobody saw it leave. */
  resume(): void {
    this.#isResumed = true
  }

  /**
   * Adopts the session's presence in this topic from another node. Resolves with the refusal if the store does not reply
   * in time: a join without the reply could leave two presences.
   */
  async adopt(clock: Clock, timeoutMs: number): Promise<Refusal | null> {
    const timedOut = () => new Refusal(storeSilent(this.topic, timeoutMs))
    const adopted = this.#registry.adopt(this.#owner, this.topic, this.#session.account)
    const outcome = await withTimeout<Presence | null | Refusal>(adopted, timeoutMs, clock, timedOut)
    if (outcome instanceof Refusal) return outcome
    this.#isResumed = outcome !== null
    return null
  }

  /** The ref of the presence that others see; null if there is none. */
  get ownRef(): PresenceRef | null {
    return this.#registry.get(this.#owner, this.topic)?.ref ?? null
  }

  /** Sets the decision of `authorize`. */
  setReadOnly(isReadOnly: boolean): void {
    this.#isReadOnly = isReadOnly
    if (!isReadOnly) this.#session.lastShown.delete(this.topic)
  }

  setJoining(isJoining: boolean): void {
    this.#isJoining = isJoining
  }

  /** Saves the presence of a read-only session for its next join here. Call it when the channel ends. (S-62) */
  rememberShown(): void {
    const presence = this.#isReadOnly && this.#ownPresence()
    if (presence) this.#session.lastShown.set(this.topic, presence)
  }

  /** Ends its presence, even if the channel is gone. */
  drop(reason: LeaveReason): void {
    this.#registry.untrack(this.#owner, this.topic, reason)
  }

  track(key: Key, meta: Meta): TrackResult {
    if (this.#membership.isGone) return this.#refused()
    if (!this.#isJoining || !this.#isReadOnly) return this.#track(key, meta)
    const shown = this.#shownBefore()
    if (shown) return this.#track(shown.key, shown.meta)
    // The server may have forgotten the session's earlier presence here, so it shows none. (S-95)
    if (!this.#session.lastShown.isComplete) return { ok: false, fault: shownTooMuch(this.topic) }
    return this.#track(key, meta)
  }

  #track(key: Key, meta: Meta): TrackResult {
    if (this.#isHidden) return this.#trackHidden(key, meta)
    const tracked = this.#registry.track(this.#owner, this.topic, key, meta, this.#session.account)
    if (tracked.ok) this.#hasTracked = true
    return tracked
  }

  update(meta: Meta): TrackResult {
    if (this.#membership.isGone) return this.#refused()
    if (!this.#isHidden) return this.#registry.update(this.#owner, this.topic, meta)
    if (!this.#hidden) return { ok: false, fault: notTracked(this.topic) }
    return this.#trackHidden(this.#hidden.key, meta)
  }

  patch(patch: JsonObject): TrackResult {
    if (this.#membership.isGone) return this.#refused()
    if (!this.#isHidden) return this.#registry.patch(this.#owner, this.topic, patch)
    if (!this.#hidden) return { ok: false, fault: notTracked(this.topic) }
    jsonObjectText('A patch', patch)
    return this.#trackHidden(this.#hidden.key, mergePatch(this.#hidden.meta, patch))
  }

  /** Makes the session invisible: its visible presence leaves, and what it tracks is shown to nobody. (S-33) */
  hide(): void {
    if (this.#isHidden) return
    this.#isHidden = true
    this.#hidden = this.#registry.get(this.#owner, this.topic) ?? null
    if (this.#hidden) this.#registry.untrack(this.#owner, this.topic, 'left')
  }

  /** Makes the session visible with the presence that it tracks. Returns the fault if that is refused. */
  show(): Fault | null {
    const hidden = this.#hidden
    this.#isHidden = false
    this.#hidden = null
    const tracked = hidden && this.track(hidden.key, hidden.meta)
    return tracked && !tracked.ok ? tracked.fault : null
  }

  untrack(): boolean {
    if (this.#isHidden) {
      const had = this.#hidden !== null
      this.#hidden = null
      return had
    }
    return !this.#membership.isGone && this.#registry.untrack(this.#owner, this.topic)
  }

  list(): Promise<Presence[]> {
    return this.#registry.list(this.topic)
  }

  diff(since?: Position): Promise<RegistryDiff> {
    return this.#registry.diff(this.topic, since)
  }

  push(event: string, payload: Payload): void {
    checkEvent(event)
    const { joinRef, isGone } = this.#membership
    if (!isGone) this.#session.send({ kind: 'event', topic: this.topic, joinRef, event, payload })
  }

  pushState(): void {
    // A subscription that is not live gets its state when it starts, after the reply to the join.
    if (this.#membership.subscription.isLive)
      this.#registry.hub(this.topic).requestState(this.#membership.subscription)
  }

  broadcast(event: string, payload: Payload): void {
    this.#registry.broadcast(this.topic, event, payload)
  }

  broadcastFrom(event: string, payload: Payload): void {
    this.#registry.broadcast(this.topic, event, payload, this.#membership.subscription)
  }

  close(reason: LeaveReason, problem?: Fault): void {
    this.#membership.remove(reason, problem)
  }

  /** The presence that others saw before this join, or null. */
  #shownBefore(): Presence | null {
    return this.#session.lastShown.get(this.topic) ?? this.#ownPresence()
  }

  #ownPresence(): Presence | null {
    return this.#hidden ?? this.#registry.get(this.#owner, this.topic) ?? null
  }

  #trackHidden(key: Key, meta: Meta): TrackResult {
    const built = this.#registry.buildHidden(this.topic, key, meta, this.#hidden)
    if (built.ok) this.#hidden = built.presence
    return built
  }

  #refused(): TrackResult {
    return { ok: false, fault: notJoined(this.topic) }
  }
}
