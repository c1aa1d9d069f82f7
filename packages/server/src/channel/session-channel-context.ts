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

/** The membership behind a context, as far as that asks about it. */
export interface Membership {
  readonly topic: Topic
  readonly joinRef: MessageRef
  readonly isGone: boolean
  /** As the topic knows it. */
  readonly subscription: Subscriber & {
    /** Whether the topic tells it what happens. */
    readonly isLive: boolean
  }
  remove(reason: LeaveReason, problem?: Fault): void
}

/** Who a membership acts for, where that is not the session itself, whose identity may be renewed. */
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
 * A membership, as its channel's functions see it. Once the membership is gone it changes nothing any more: a handler
 * that was slow must not leave a presence behind for a session that is gone, nor touch what a newer join of the same
 * session has taken over. (S-5)
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
  /** What it tracks while nobody is told of it. */
  #hidden: Presence | null = null
  #isReadOnly = false
  /** Whether the application's `join` runs, with what the client sent. */
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

  /** Whether this membership has tracked a presence, rather than one that it took over from. */
  get hasTracked(): boolean {
    return this.#hasTracked
  }

  /** It goes on with what its session has here, which nobody saw leave. */
  resume(): void {
    this.#isResumed = true
  }

  /**
   * Takes over the presence that its session has here on another node; nobody saw that leave. The refusal where the
   * store does not say in time whether there is one: to join without it could leave two behind.
   */
  async adopt(clock: Clock, timeoutMs: number): Promise<Refusal | null> {
    const late = () => new Refusal(storeSilent(this.topic, timeoutMs))
    const adopted = this.#registry.adopt(this.#owner, this.topic, this.#session.account)
    const outcome = await withTimeout<Presence | null | Refusal>(adopted, timeoutMs, clock, late)
    if (outcome instanceof Refusal) return outcome
    this.#isResumed = outcome !== null
    return null
  }

  /** Of the presence that others see of it; null where there is none. */
  get ownRef(): PresenceRef | null {
    return this.#registry.get(this.#owner, this.topic)?.ref ?? null
  }

  /** What the session may do here is decided. */
  setReadOnly(isReadOnly: boolean): void {
    this.#isReadOnly = isReadOnly
    if (!isReadOnly) this.#session.lastShown.delete(this.topic)
  }

  /** The application's `join` begins, or is done. */
  setJoining(isJoining: boolean): void {
    this.#isJoining = isJoining
  }

  /** The membership is over. Another join of who may only read has to show what this one did. (S-62) */
  rememberShown(): void {
    const presence = this.#isReadOnly && this.#ownPresence()
    if (presence) this.#session.lastShown.set(this.topic, presence)
  }

  /** Ends its presence, though the membership may be over. */
  drop(reason: LeaveReason): void {
    this.#registry.untrack(this.#owner, this.topic, reason)
  }

  track(key: Key, meta: Meta): TrackResult {
    if (this.#membership.isGone) return this.#refused()
    if (!this.#isJoining || !this.#isReadOnly) return this.#track(key, meta)
    const shown = this.#shownBefore()
    if (shown) return this.#track(shown.key, shown.meta)
    // What it showed here, if anything, is not known any more: it may read, and is not shown. (S-95)
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

  /** From now on nobody is told of what it tracks; what others see of it leaves. (S-33) */
  hide(): void {
    if (this.#isHidden) return
    this.#isHidden = true
    this.#hidden = this.#registry.get(this.#owner, this.topic) ?? null
    if (this.#hidden) this.#registry.untrack(this.#owner, this.topic, 'left')
  }

  /** What it tracks is shown from now on. The fault where it cannot be. */
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
    // Whoever is still coming in is given the state by that, after the reply; asked for here, it would come before.
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

  /** What others saw of the session before this join; null for nothing. */
  #shownBefore(): Presence | null {
    return this.#session.lastShown.get(this.topic) ?? this.#ownPresence()
  }

  #ownPresence(): Presence | null {
    return this.#hidden ?? this.#registry.get(this.#owner, this.topic) ?? null
  }

  #trackHidden(key: Key, meta: Meta): TrackResult {
    const drafted = this.#registry.buildHidden(this.topic, key, meta, this.#hidden)
    if (drafted.ok) this.#hidden = drafted.presence
    return drafted
  }

  #refused(): TrackResult {
    return { ok: false, fault: notJoined(this.topic) }
  }
}
