import type { Key, LeaveReason, Presence } from '@rollcall/shared-protocol'
import type { Listeners } from '../listeners'
import type { MapChange, PresenceEntry } from './presence-map'

/** Who is in a topic at one moment. Immutable; the same object until something changes. */
export interface PresenceView<M> {
  /** One entry for each key, in the order of first appearance. */
  readonly list: readonly PresenceEntry<M>[]
  /** Keys, not presences. */
  readonly size: number
  /** Whether a snapshot has been applied since the channel was joined: before that, nobody listed says nothing. */
  readonly isSynced: boolean
  /** Whether this is from before a gap or a lost connection; a snapshot is awaited. */
  readonly isStale: boolean
}

/**
 * What happens in a topic. Listeners are called once the whole frame is applied, so that the map they look at is
 * ahead of them, never behind; and only for what has changed, net.
 */
export interface PresenceEvents<M> {
  /** A snapshot was applied: the first, or one after a gap or a lost connection. Comes after the events of its changes. */
  sync: (view: PresenceView<M>) => void
  /** The first presence of a key came. */
  join: (entry: PresenceEntry<M>) => void
  /** A key that stays present gained or lost a presence, or one of its metas changed. */
  update: (entry: PresenceEntry<M>, previous: PresenceEntry<M>) => void
  /** The last presence of a key went; `entry` is as it was last. */
  leave: (entry: PresenceEntry<M>, reason: LeaveReason) => void
  /** One device or tab came. */
  presence_join: (presence: Presence<M>) => void
  presence_update: (presence: Presence<M>, previous: Presence<M>) => void
  presence_leave: (presence: Presence<M>, reason: LeaveReason) => void
}

const KEY_EVENTS = ['join', 'update', 'leave'] as const

/** Tells the listeners of one applied frame. A first state may be ten thousand joins: not gone through for nobody. */
export function emitChange<M>(listeners: Listeners<PresenceEvents<M>>, change: MapChange<M>): void {
  const { joins, updates, leaves } = change.presences
  if (listeners.hasListeners('presence_join'))
    for (const presence of joins) listeners.emit('presence_join', presence)
  for (const { presence, previous } of updates) listeners.emit('presence_update', presence, previous)
  for (const { presence, reason } of leaves) listeners.emit('presence_leave', presence, reason)

  if (!KEY_EVENTS.some((event) => listeners.hasListeners(event))) return
  // Of a key's presences that went together, the newest tells why the key did.
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
