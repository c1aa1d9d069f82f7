import type { Position, Presence, PresenceDiff, PresenceSnapshot } from '@rollcall/shared-protocol'
import { RunningMachine } from '../async/running-machine'
import { ResettableTimer } from '../async/timer'
import { ChangeListeners, Listeners } from '../listeners'
import type { ResolvedSocketOptions } from '../options'
import {
  INITIAL_MIRROR,
  isStale,
  type MirrorEffect,
  type MirrorEvent,
  type MirrorState,
  stepMirror,
} from './mirror-machine'
import { PhoenixMirror } from './phoenix-mirror'
import type { PhoenixMirrorEvent } from './phoenix-mirror-machine'
import { emitChange, type PresenceEvents, type PresenceView } from './presence-events'
import { type MapChange, PresenceMap } from './presence-map'

/** An event for one of the two mirrors: for servers with and without positions. */
type FeedEvent = MirrorEvent | PhoenixMirrorEvent

/**
 * Keeps one topic's map equal to the server's: the mirror machine decides, the map changes, the listeners are called.
 * The channel dispatches frames to it; {@link Presence} reads it.
 */
export class PresenceFeed<M> {
  readonly map = new PresenceMap<M>()
  readonly listeners = new Listeners<PresenceEvents<M>>()
  readonly changes = new ChangeListeners()
  readonly #requestState: () => void
  readonly #timer: ResettableTimer
  readonly #mirror: RunningMachine<MirrorState, MirrorEvent, MirrorEffect>
  /** Replaces the mirror if the server has no positions. */
  readonly #phoenix: PhoenixMirror<M> | null
  /** Ends the wait for presences that a restarted server has not confirmed. (C-23) */
  readonly #recoveryTimer: ResettableTimer
  readonly #recoveringMs: () => number
  #isRecovering = false
  #view: PresenceView<M> | null = null
  #isChanged = false

  /**
   * @param requestState - Sends `presence_sync`.
   * @param recoveringMs - The time that a restarted server waits for its clients, in milliseconds; 0 if it does not.
   * @param hasPositions - Whether the server's states have positions; see `ClientDialect`.
   */
  constructor(
    options: ResolvedSocketOptions,
    requestState: () => void,
    recoveringMs: () => number,
    hasPositions = true,
  ) {
    this.#requestState = requestState
    this.#recoveringMs = recoveringMs
    this.#timer = new ResettableTimer(options.clock, () => this.dispatch({ kind: 'due' }))
    this.#recoveryTimer = new ResettableTimer(options.clock, () => {
      this.#isRecovering = false
      this.map.endRecovery()
      if (this.map.unconfirmedCount > 0) this.dispatch({ kind: 'recovered' })
    })
    this.#mirror = new RunningMachine<MirrorState, MirrorEvent, MirrorEffect>(
      INITIAL_MIRROR,
      (state, event) =>
        stepMirror(state, event, {
          random: options.random(),
          timeoutMs: options.timeoutMs,
          backoff: options.backoff,
        }),
      (effect) => this.#perform(effect),
      (before) => this.#changed(before),
    )
    this.#phoenix = hasPositions ? null : this.#followPhoenix()
  }

  /** Whether a snapshot has been applied since the join. */
  get isSynced(): boolean {
    return this.#phoenix?.isSynced ?? this.#mirror.state.at !== null
  }

  get resyncCount(): number {
    return this.#mirror.state.resyncCount
  }

  /** The position of the map, for the next join; null if there is no map to continue from. */
  get position(): Position | null {
    const { at, isTrusted } = this.#mirror.state
    return isTrusted ? at : null
  }

  /** Whether the map may be out of date. */
  get isStale(): boolean {
    return this.#phoenix?.isStale ?? (isStale(this.#mirror.state) || this.map.unconfirmedCount > 0)
  }

  get view(): PresenceView<M> {
    this.#view ??= {
      list: this.map.list(),
      size: this.map.size,
      isSynced: this.isSynced,
      isStale: this.isStale,
    }
    return this.#view
  }

  dispatch(event: FeedEvent): void {
    switch (event.kind) {
      case 'joined':
      case 'lost':
      case 'cleared':
        return (this.#phoenix ?? this.#mirror).dispatch(event)
      case 'metas_state':
      case 'metas_diff':
        return this.#phoenix?.dispatch(event)
      default:
        return this.#mirror.dispatch(event)
    }
  }

  #followPhoenix(): PhoenixMirror<M> {
    return new PhoenixMirror<M>(this.map, {
      applied: (change) => {
        this.#emit(change)
        this.#notify()
      },
      replaced: (change) => {
        this.#touch()
        this.#emit(change)
        this.#emitSync()
      },
      cleared: () => this.#touch(),
      changed: (isVisible) => {
        if (isVisible) this.#touch()
        this.#notify()
      },
    })
  }

  #perform(effect: MirrorEffect): void {
    switch (effect.kind) {
      case 'setTimer':
        return this.#timer.set(effect.delayMs)
      case 'requestState':
        return this.#requestState()
      case 'apply':
        return this.#apply(effect.diff)
      case 'replace':
        return this.#replace(effect.snapshot, effect.isOtherHistory)
      case 'clear':
        this.#stopRecovering()
        this.map.clear()
        return this.#touch()
    }
  }

  #apply(diff: PresenceDiff): void {
    // The application chose the type of the meta. The client does not check it.
    const change = this.map.apply(diff as PresenceDiff<M>)
    this.dispatch({ kind: 'compared', isEqual: this.map.digest === diff.digest })
    this.#recoverIfNeeded()
    this.#emit(change)
  }

  #replace(snapshot: PresenceSnapshot, isOtherHistory: boolean): void {
    // A restarted server knows only the clients that have reconnected already. The others stay in the map until the
    // recovery is over. (C-23)
    const keepsAbsent = this.#recoveringMs() > 0 && (isOtherHistory || this.map.unconfirmedCount > 0)
    const change = this.map.replace(snapshot.presences as readonly Presence<M>[], keepsAbsent)
    this.#recoverIfNeeded()
    this.#touch()
    this.#emit(change)
    this.#emitSync()
  }

  #emitSync(): void {
    // Only with a listener: the view lists the whole map.
    if (this.listeners.hasListeners('sync')) this.listeners.emit('sync', this.view)
  }

  #recoverIfNeeded(): void {
    if (!this.map.isRecovering) this.#stopRecovering()
    else if (!this.#isRecovering) {
      this.#isRecovering = true
      this.#recoveryTimer.set(this.#recoveringMs())
    }
  }

  #stopRecovering(): void {
    this.#isRecovering = false
    this.#recoveryTimer.set(null)
  }

  #emit(change: MapChange<M>): void {
    if (change.isVisible) this.#touch()
    emitChange(this.listeners, change)
  }

  #changed(before: MirrorState): void {
    const hadMap = before.at !== null
    const { state } = this.#mirror
    if (hadMap !== (state.at !== null) || isStale(before) !== isStale(state)) this.#touch()
    // Without a connection nobody can return. The next connection says how long to wait.
    if (state.name === 'disconnected') this.#stopRecovering()
    this.#notify()
  }

  #notify(): void {
    if (!this.#isChanged) return
    this.#isChanged = false
    this.changes.notify()
  }

  #touch(): void {
    this.#view = null
    this.#isChanged = true
  }
}
