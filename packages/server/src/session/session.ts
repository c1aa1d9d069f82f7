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
  /** Milliseconds after a resume in which the client has to rejoin the channels that it still wants. */
  readonly rejoinTimeoutMs: number
  /** The session is gone and may be forgotten. */
  readonly onGone: (session: Session) => void
}

/** The client that a session belongs to, and its connection. */
export interface SessionRequest {
  readonly identity: Identity
  readonly dialect: Dialect
  /** The connect params of the handshake. */
  readonly params: PackedParams
  readonly outlet: Outlet
  /** The account whose limits its presences count for; null for none. */
  readonly account: Account | null
}

/** Whether a session began on this node, or this node has claimed it from another. */
export type SessionOrigin = 'new' | 'transferred'

/**
 * Server-side identity of one client instance (a tab, a device), with its channels. It outlives its connection by the
 * grace period; the server drops messages to it meanwhile.
 */
export class Session implements ChannelSession {
  readonly id: string
  readonly dialect: Dialect
  /** The account of its first connection to this node. */
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
  #isTransferred: boolean

  constructor(id: string, init: SessionRequest, context: SessionContext, origin: SessionOrigin = 'new') {
    this.id = id
    this.#identity = init.identity
    this.dialect = init.dialect
    this.account = init.account
    this.#params = init.params
    this.#outlet = init.outlet
    this.#context = context
    this.#isTransferred = origin === 'transferred'
    if (this.#isTransferred) this.#startRejoinTimeout()
  }

  get identity(): Identity {
    return this.#identity
  }

  get params(): ReadonlyMap<string, string> {
    return unpackParams(this.#params)
  }

  /** Values of the application, shared by the session's channels. */
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

  /** The number of the connection that holds it. Pass it to {@link disconnect}. */
  get generation(): number {
    return this.#state.name === 'gone' ? -1 : this.#state.generation
  }

  /** Whether the same program still holds it: the page was not reloaded. */
  get isContinued(): boolean {
    return this.#isContinued
  }

  /** Whether this node has just claimed it, so that it may have to adopt presences from the former node. */
  get isTransferred(): boolean {
    return this.#isTransferred
  }

  /** The name that the client's program gave itself. */
  get instance(): string | undefined {
    return this.#instance
  }

  /** Whether this program held the session last. All programs without a name count as the same one. */
  isSameInstance(instance: string | undefined): boolean {
    return instance === this.#instance
  }

  setInstance(instance: string | undefined): void {
    this.#isContinued = this.isSameInstance(instance)
    this.#instance = instance
  }

  /** A new connection resumes the session. */
  attach(outlet: Outlet): void {
    if (this.isGone) return
    this.#dispatch({ kind: 'attach' })
    this.#outlet = outlet
    this.#startRejoinTimeout()
  }

  /** Applies new credentials of the same identity. Call {@link reauthorize} to check them against the channels. */
  renew(identity: Identity, params: PackedParams): void {
    this.#identity = identity
    this.#params = params
  }

  /** Runs `authorize` again in every channel of the session. (S-33) */
  reauthorize(): void {
    for (const channel of [...this.channels.values()]) channel.reauthorize()
  }

  /** The connection of this generation ended without a goodbye. */
  disconnect(generation: number, reason: LeaveReason, graceMs: number): void {
    this.#dispatch({ kind: 'disconnect', generation, reason, graceMs })
  }

  /** Another node has claimed the session: closes its connection and forgets its channels. The presences stay. */
  handOff(): void {
    this.#dispatch({ kind: 'handOff' })
  }

  /** Ends the session and leaves every channel. */
  end(reason: LeaveReason): void {
    this.#dispatch({ kind: 'end', reason })
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

  /** The peer has read its backlog. Sends the presence states that were withheld meanwhile. */
  catchUp(): void {
    for (const channel of this.channels.values()) channel.subscription.catchUp()
  }

  close(code: number, reason: string): void {
    this.#outlet?.close(code, reason)
  }

  #dispatch(event: SessionEvent): void {
    const { state, effects } = stepSession(this.#state, event)
    this.#state = state
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'startGrace':
        this.#outlet = null
        this.#grace = this.#context.clock.after(effect.graceMs, () =>
          this.#dispatch({ kind: 'graceElapsed' }),
        )
        return
      case 'cancelGrace':
        this.#grace?.cancel()
        this.#grace = null
        return
      case 'supersede':
        this.#outlet?.close(4003, 'replaced')
        return
      case 'pauseChannels':
        this.#rejoinTimer?.cancel()
        for (const channel of this.channels.values()) channel.pause()
        return
      case 'endChannels':
        this.#rejoinTimer?.cancel()
        for (const channel of this.channels.values()) channel.end(effect.reason)
        this.channels.clear()
        this.#outlet = null
        this.#context.onGone(this)
        return
      case 'handOffChannels':
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

  /** Ends the channels that the client has not rejoined after a resume. */
  #endUnrejoined(): void {
    this.#isTransferred = false
    for (const [topic, channel] of this.channels.entries()) {
      if (!channel.isPaused) continue
      channel.end('left')
      this.channels.delete(topic)
    }
  }
}
