import type { Meta } from '@rollcall/shared-protocol'
import { useCallback, useSyncExternalStore } from 'react'
import type { Channel } from '../channel/channel'
import type { PresenceEntry, PresenceView } from '../presence/presence'
import { subscribePerFrame } from './frame-scheduler'
import { useSelected } from './use-snapshot'

const NOBODY: PresenceView<never> = { list: [], size: 0, isSynced: false, isStale: false }

/** The presences in a channel. Renders again when a presence joins, leaves or changes. */
export function usePresence<M = Meta>(channel: Channel<M> | null): PresenceView<M>
/**
 * A selection of the presences in a channel. Renders again only when the selection changes.
 *
 * @param isEqual - Compares two selections. Pass one if `select` makes a new list or object. @default Object.is
 *
 * @example
 * ```tsx
 * import { useChannel, usePresence } from '@rollcall/client/react'
 *
 * export function Count() {
 *   const { channel } = useChannel('room:lobby')
 *   return <p>{usePresence(channel, (view) => view.size)} here</p>
 * }
 * ```
 */
export function usePresence<M, T>(
  channel: Channel<M> | null,
  select: (view: PresenceView<M>) => T,
  isEqual?: (a: T, b: T) => boolean,
): T
export function usePresence<M, T>(
  channel: Channel<M> | null,
  select: (view: PresenceView<M>) => T | PresenceView<M> = whole,
  isEqual: (a: T, b: T) => boolean = Object.is,
): T | PresenceView<M> {
  return useSelected(channel?.presence ?? null, NOBODY, select as (view: PresenceView<M>) => T, isEqual)
}

function whole<M>(view: PresenceView<M>): PresenceView<M> {
  return view
}

/**
 * The entry of one key in a channel, `undefined` while it is not present. Renders again only when the entry changes.
 *
 * @example
 * ```tsx
 * import type { Channel } from '@rollcall/client'
 * import { usePresenceEntry } from '@rollcall/client/react'
 *
 * export function Person({ channel, id }: { channel: Channel<{ name: string }> | null; id: string }) {
 *   const entry = usePresenceEntry(channel, id)
 *   return <li>{entry ? `${entry.meta.name}, on ${entry.presences.length} devices` : 'gone'}</li>
 * }
 * ```
 */
export function usePresenceEntry<M = Meta>(
  channel: Channel<M> | null,
  key: string | null,
): PresenceEntry<M> | undefined {
  const presence = channel?.presence
  const subscribe = useCallback(
    (listener: () => void) => (presence ? subscribePerFrame(presence, listener) : () => {}),
    [presence],
  )
  return useSyncExternalStore(
    subscribe,
    () => (key === null ? undefined : presence?.get(key)),
    () => undefined,
  )
}
