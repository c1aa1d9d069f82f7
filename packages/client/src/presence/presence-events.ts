import type { Key, LeaveReason, Presence } from '@rollcall/shared-protocol'
import type { Listeners } from '../listeners'
import type { MapChange, PresenceEntry } from './presence-map'

/** The presences in a topic at one moment. Immutable; the same object until something changes. */
export interface PresenceView<M> {
  /** One entry for each key, in the order of first appearance. */
  readonly list: readonly PresenceEntry<M>[]
  /** Keys, not presences. */
  readonly size: number
  /** Whether a snapshot has been applied since the join. Before that, an empty list says nothing. */
  readonly isSynced: boolean
  /** Whether this is from before a gap or a lost connection, and the new state has not arrived yet. */
  readonly isStale: boolean
}

/**
 * The events of a topic. Listeners are called for net changes only, after the whole frame is applied: the map that they
 * read already has all its changes. (C-17)
 */
export interface PresenceEvents<M> {
  /** A snapshot was applied: the first, or one after a gap or a lost connection. Fires after the events of its changes. */
  sync: (view: PresenceView<M>) => void
  /** The first presence of a key joined. */
  join: (entry: PresenceEntry<M>) => void
  /** A key that stays present gained or lost a presence, or one of its metas changed. */
  update: (entry: PresenceEntry<M>, previous: PresenceEntry<M>) => void
  /** The last presence of a key left. `entry` is its last entry. */
  leave: (entry: PresenceEntry<M>, reason: LeaveReason) => void
  /** One device or tab joined. */
  presence_join: (presence: Presence<M>) => void
  presence_update: (presence: Presence<M>, previous: Presence<M>) => void
  presence_leave: (presence: Presence<M>, reason: LeaveReason) => void
}

const KEY_EVENTS = ['join', 'update', 'leave'] as const

/** Emits the events of one applied frame. Skips the walk without listeners: a first state can be ten thousand joins. */
export function emitChange<M>(listeners: Listeners<PresenceEvents<M>>, change: MapChange<M>): void {
  const { joins, updates, leaves } = change.presences
  if (listeners.hasListeners('presence_join'))
    for (const presence of joins) listeners.emit('presence_join', presence)
  for (const { presence, previous } of updates) listeners.emit('presence_update', presence, previous)
  for (const { presence, reason } of leaves) listeners.emit('presence_leave', presence, reason)

  if (!KEY_EVENTS.some((event) => listeners.hasListeners(event))) return
  // If several presences of a key left together, the newest one gives the reason.
  let reasons: ReadonlyMap<Key, LeaveReason> | null = null
  for (const { key, before, after } of change.entries) {
    if (before && after) listeners.emit('update', after, before)
    else if (after) listeners.emit('join', after)
    else if (before && listeners.hasListeners('leave')) {
      reasons ??= new Map(leaves.map(({ presence, reason }) => [presence.key, reason]))
      listeners.emit('leave', before, reasons.get(key) ?? 'closed')
    }
  }
}
