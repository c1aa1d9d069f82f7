import type { Position, Presence, PresenceDiff, PresenceSnapshot } from '@rollcall/shared-protocol'
import { ChangeListeners, Listeners } from './listeners'
import {
  INITIAL_MIRROR,
  isStale,
  type MirrorEffect,
  type MirrorEvent,
  type MirrorState,
  stepMirror,
} from './machine/mirror'
import type { ResolvedSocketOptions } from './options'
import { emitChange, type PresenceEvents, type PresenceView } from './presence-events'
import { type MapChange, PresenceMap } from './presence-map'
import { RunningMachine } from './running-machine'
import { Timer } from './timer'

/**
 * Keeps one topic's map in step with the server: the mirror machine decides, the map changes, the listeners are told.
 * Its channel feeds it; {@link Presence} shows it.
 */
export class PresenceFeed<M> {
  readonly map = new PresenceMap<M>()
  readonly listeners = new Listeners<PresenceEvents<M>>()
  readonly changes = new ChangeListeners()
  readonly #ask: () => void
  readonly #timer: Timer
  readonly #mirror: RunningMachine<MirrorState, MirrorEvent, MirrorEffect>
  /** Ends the wait for those whom a restarted server has not seen again. */
  readonly #settle: Timer
  readonly #settlingMs: () => number
  #isSettling = false
  #view: PresenceView<M> | null = null
  #isChanged = false

  /**
   * @param ask - Sends `presence_sync`.
   * @param settlingMs - How long the server waits for those who were there before it started; 0 where it does not.
   */
  constructor(options: ResolvedSocketOptions, ask: () => void, settlingMs: () => number) {
    this.#ask = ask
    this.#settlingMs = settlingMs
    this.#timer = new Timer(options.clock, () => this.dispatch({ kind: 'due' }))
    this.#settle = new Timer(options.clock, () => {
      this.#isSettling = false
      this.dispatch({ kind: 'settled' })
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
  }

  get state(): MirrorState {
    return this.#mirror.state
  }

  /** Where the map stands, to be told to the server with a join; null where there is no map to go on from. */
  get position(): Position | null {
    const { at, isSound } = this.state
    return isSound ? at : null
  }

  /** Whether what is shown may be out of date. */
  get isStale(): boolean {
    return isStale(this.state) || this.map.keptCount > 0
  }

  get view(): PresenceView<M> {
    this.#view ??= {
      list: this.map.list(),
      size: this.map.size,
      isSynced: this.state.at !== null,
      isStale: this.isStale,
    }
    return this.#view
  }

  dispatch(event: MirrorEvent): void {
    this.#mirror.dispatch(event)
  }

  #perform(effect: MirrorEffect): void {
    switch (effect.kind) {
      case 'timer':
        return this.#timer.set(effect.delayMs)
      case 'ask':
        return this.#ask()
      case 'apply':
        return this.#apply(effect.diff)
      case 'replace':
        return this.#replace(effect.snapshot, effect.isOtherHistory)
      case 'clear':
        this.#stopSettling()
        this.map.clear()
        return this.#touch()
    }
  }

  #apply(diff: PresenceDiff): void {
    // The type of the meta is what the application says it is; nobody can check it here.
    const change = this.map.apply(diff as PresenceDiff<M>)
    this.dispatch({ kind: 'compared', isEqual: this.map.digest === diff.digest })
    this.#settleIfNeeded()
    this.#tell(change)
  }

  #replace(snapshot: PresenceSnapshot, isOtherHistory: boolean): void {
    // A server that began anew knows only those who found it already; the others are about to. They are not told as
    // gone before it has stopped waiting for them.
    const keepsAbsent = this.#settlingMs() > 0 && (isOtherHistory || this.map.keptCount > 0)
    const change = this.map.replace(snapshot.presences as readonly Presence<M>[], keepsAbsent)
    this.#settleIfNeeded()
    this.#touch()
    this.#tell(change)
    this.listeners.emit('sync', this.view)
  }

  #settleIfNeeded(): void {
    if (this.map.keptCount === 0) this.#stopSettling()
    else if (!this.#isSettling) {
      this.#isSettling = true
      this.#settle.set(this.#settlingMs())
    }
  }

  #stopSettling(): void {
    this.#isSettling = false
    this.#settle.set(null)
  }

  #tell(change: MapChange<M>): void {
    if (change.isVisible) this.#touch()
    emitChange(this.listeners, change)
  }

  #changed(before: MirrorState): void {
    const hadMap = before.at !== null
    if (hadMap !== (this.state.at !== null) || isStale(before) !== isStale(this.state)) this.#touch()
    // Whoever is away hears of nobody's return, and waits for the next connection to tell how long to wait.
    if (this.state.name === 'away') this.#stopSettling()
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
