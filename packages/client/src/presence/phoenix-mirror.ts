import { type PhoenixMeta, PhoenixPresences } from '@rollcall/shared-protocol'
import { RunningMachine } from '../async/running-machine'
import {
  INITIAL_PHOENIX_MIRROR,
  type MetasDiff,
  type PhoenixMirrorEffect,
  type PhoenixMirrorEvent,
  type PhoenixMirrorState,
  stepPhoenixMirror,
} from './phoenix-mirror-machine'
import type { MapChange, PresenceMap } from './presence-map'

/** The callbacks of a mirror about its map. */
interface PhoenixMirrorListener<M> {
  applied(change: MapChange<M>): void
  replaced(change: MapChange<M>): void
  cleared(): void
  /** Called last. `isVisible`: `isSynced` or `isStale` has changed. */
  changed(isVisible: boolean): void
}

/** Keeps a map equal to that of a server without positions, as the machine decides. */
export class PhoenixMirror<M> {
  readonly #map: PresenceMap<M>
  readonly #listener: PhoenixMirrorListener<M>
  readonly #presences = new PhoenixPresences<M>()
  readonly #machine: RunningMachine<PhoenixMirrorState, PhoenixMirrorEvent, PhoenixMirrorEffect>

  constructor(map: PresenceMap<M>, listener: PhoenixMirrorListener<M>) {
    this.#map = map
    this.#listener = listener
    this.#machine = new RunningMachine<PhoenixMirrorState, PhoenixMirrorEvent, PhoenixMirrorEffect>(
      INITIAL_PHOENIX_MIRROR,
      stepPhoenixMirror,
      (effect) => this.#perform(effect),
      (before) => {
        const { state } = this.#machine
        listener.changed(before.isSynced !== state.isSynced || isStaleIn(before) !== isStaleIn(state))
      },
    )
  }

  get isSynced(): boolean {
    return this.#machine.state.isSynced
  }

  get isStale(): boolean {
    return isStaleIn(this.#machine.state)
  }

  dispatch(event: PhoenixMirrorEvent): void {
    this.#machine.dispatch(event)
  }

  #perform(effect: PhoenixMirrorEffect): void {
    switch (effect.kind) {
      case 'apply': {
        const { joins, leaves } = typed<M>(effect.diff)
        return this.#listener.applied(this.#map.apply(this.#presences.apply(joins, leaves)))
      }
      case 'replace': {
        this.#presences.replace(effect.metas as readonly PhoenixMeta<M>[])
        for (const diff of effect.diffs) {
          const { joins, leaves } = typed<M>(diff)
          this.#presences.apply(joins, leaves)
        }
        return this.#listener.replaced(this.#map.replace(this.#presences.presences()))
      }
      case 'clear':
        this.#presences.clear()
        this.#map.clear()
        return this.#listener.cleared()
    }
  }
}

function isStaleIn({ name, isSynced }: PhoenixMirrorState): boolean {
  return isSynced && name !== 'live'
}

/** Casts the metas to the type that the application chose. The client does not check it. */
function typed<M>({ joins, leaves }: MetasDiff) {
  return { joins: joins as readonly PhoenixMeta<M>[], leaves }
}
