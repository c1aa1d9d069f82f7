import type { Dialect, LeaveReason, ServerMessage, Topic } from '@rollcall/shared-protocol'
import type { Channel } from '../channel/channel'
import type { ChannelSession, Outlet } from '../channel/channel-session'
import { LastShownPresences } from '../channel/channel-session'
import { SmallMap } from '../collections'
import type { Account } from '../identity/account'
import { type PackedParams, unpackParams } from '../identity/handshake-copy'
import type { Identity } from '../identity/identity'
import type { Clock, Timer } from '../io/clock'
import type { Packet } from '../io/packet'
import {
  NEW_SESSION,
  type SessionEffect,
  type SessionEvent,
  type SessionState,
  stepSession,
} from './session-machine'

export interface SessionContext {
  readonly clock: Clock
  /** Milliseconds after a resume in which the client has to claim the channels that it still wants. */
  readonly rejoinTimeoutMs: number
  /** The session is gone and may be forgotten. */
  readonly onGone: (session: Session) => void
}

/** On whose behalf a session begins, and what it says through. */
export interface SessionRequest {
  readonly identity: Identity
  readonly dialect: Dialect
  /** Connect params, as they came in the handshake. */
  readonly params: PackedParams
  readonly outlet: Outlet
  /** Whom its presences are counted for; null for nobody. */
  readonly account: Account | null
}

/** How a session comes to this node. */
export type SessionOrigin = 'begun' | 'moved'

/**
 * Server-side identity of one client instance (a tab, a device), with the channels that it is in. It outlives its
 * connection by the grace period; what is said to it meanwhile is dropped.
 */
export class Session implements ChannelSession {
  readonly id: string
  readonly dialect: Dialect
  /** Of the connection that it began with, on this node. */
  readonly account: Account | null
  readonly channels = new SmallMap<Topic, Channel>()
  #lastShown: LastShownPresences | null = null
  readonly #context: SessionContext
  #identity: Identity
  #params: PackedParams
  #assigns: Map<string, unknown> | null = null
  #state: SessionState = NEW_SESSION
  #outlet: Outlet | null
  #instance: string | undefined
  #isContinued = false
  #grace: Timer | null = null
  #rejoinTimer: Timer | null = null
  #isMoving: boolean

  constructor(id: string, init: SessionRequest, context: SessionContext, origin: SessionOrigin = 'begun') {
    this.id = id
    this.#identity = init.identity
    this.dialect = init.dialect
    this.account = init.account
    this.#params = init.params
    this.#outlet = init.outlet
    this.#context = context
    this.#isMoving = origin === 'moved'
    if (this.#isMoving) this.#startRejoinTimeout()
  }

  get identity(): Identity {
    return this.#identity
  }

  get params(): ReadonlyMap<string, string> {
    return unpackParams(this.#params)
  }

  /** The application's own, shared by the session's channels. */
  get assigns(): Map<string, unknown> {
    this.#assigns ??= new Map()
    return this.#assigns
  }

  get lastShown(): LastShownPresences {
    this.#lastShown ??= new LastShownPresences()
    return this.#lastShown
  }

  get isGone(): boolean {
    return this.#state.name === 'gone'
  }

  /** Of the connection that holds it; to be given back with {@link disconnect}. */
  get generation(): number {
    return this.#state.name === 'gone' ? -1 : this.#state.generation
  }

  /** Whether the program that holds it now is the one that held it before: a page that was not loaded anew. */
  get isContinued(): boolean {
    return this.#isContinued
  }

  /** Whether it was another node's until now, so that its presences may have to be taken over from there. */
  get isTransferred(): boolean {
    return this.#isMoving
  }

  /** The program that holds it, by the name that it gave itself. */
  get instance(): string | undefined {
    return this.#instance
  }

  /** Whether this is the program that held it last. Those that give themselves no name are taken for one. */
  isSameInstance(instance: string | undefined): boolean {
    return instance === this.#instance
  }

  /** The program that holds it, by the name that it gave itself. */
  setInstance(instance: string | undefined): void {
    this.#isContinued = this.isSameInstance(instance)
    this.#instance = instance
  }

  /** A connection that brought the token takes over. */
  attach(outlet: Outlet): void {
    if (this.isGone) return
    this.#take({ kind: 'attach' })
    this.#outlet = outlet
    this.#startRejoinTimeout()
  }

  /** The same person has shown new credentials. Its channels are not asked: see {@link reauthorize}. */
  renew(identity: Identity, params: PackedParams): void {
    this.#identity = identity
    this.#params = params
  }

  /** Has what it may do decided anew in every channel that it is in. (S-33) */
  reauthorize(): void {
    for (const channel of [...this.channels.values()]) channel.reauthorize()
  }

  /** The connection of a generation ended without a goodbye. */
  disconnect(generation: number, reason: LeaveReason, graceMs: number): void {
    this.#take({ kind: 'drop', generation, reason, graceMs })
  }

  /** Another node goes on with it: its connection is closed, its channels are given up, its presences stay. */
  handOff(): void {
    this.#take({ kind: 'yield' })
  }

  /** Leaves every channel, for good. */
  end(reason: LeaveReason): void {
    this.#take({ kind: 'end', reason })
  }

  forget(topic: Topic): void {
    this.channels.delete(topic)
  }

  send(message: ServerMessage): void {
    this.#outlet?.send(message)
  }

  deliver(packet: Packet): void {
    this.#outlet?.deliver(packet)
  }

  get isCongested(): boolean {
    return this.#outlet?.isCongested ?? false
  }

  canSendState(): boolean {
    return this.#outlet?.canSendState() ?? false
  }

  /** Its peer has read what waited: what was kept from it meanwhile is told anew. */
  catchUp(): void {
    for (const channel of this.channels.values()) channel.subscription.catchUp()
  }

  close(code: number, reason: string): void {
    this.#outlet?.close(code, reason)
  }

  #take(event: SessionEvent): void {
    const { state, effects } = stepSession(this.#state, event)
    this.#state = state
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'startGrace':
        this.#outlet = null
        this.#grace = this.#context.clock.after(effect.graceMs, () => this.#take({ kind: 'graceElapsed' }))
        return
      case 'cancelGrace':
        this.#grace?.cancel()
        this.#grace = null
        return
      case 'supersede':
        this.#outlet?.close(4003, 'replaced')
        return
      case 'sleep':
        this.#rejoinTimer?.cancel()
        for (const channel of this.channels.values()) channel.pause()
        return
      case 'leave':
        this.#rejoinTimer?.cancel()
        for (const channel of this.channels.values()) channel.end(effect.reason)
        this.channels.clear()
        this.#outlet = null
        this.#context.onGone(this)
        return
      case 'giveUp':
        this.#rejoinTimer?.cancel()
        for (const channel of this.channels.values()) channel.handOff()
        this.channels.clear()
        this.#outlet = null
    }
  }

  #startRejoinTimeout(): void {
    this.#rejoinTimer?.cancel()
    this.#rejoinTimer = this.#context.clock.after(this.#context.rejoinTimeoutMs, () => this.#endUnrejoined())
  }

  /** Ends the channels that a client which came back did not join again. */
  #endUnrejoined(): void {
    this.#isMoving = false
    for (const [topic, channel] of this.channels.entries()) {
      if (!channel.isPaused) continue
      channel.end('left')
      this.channels.delete(topic)
    }
  }
}
