import type { Meta } from '@rollcall/shared-protocol'
import { useCallback, useSyncExternalStore } from 'react'
import type { Channel } from '../channel'
import type { PresenceEntry } from '../presence'
import { subscribeByFrame } from './frame-schedule'

/**
 * One key's entry in a channel, `undefined` while it is not present. Renders again only when that entry changes.
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
    (listener: () => void) => (presence ? subscribeByFrame(presence, listener) : () => {}),
    [presence],
  )
  return useSyncExternalStore(
    subscribe,
    () => (key === null ? undefined : presence?.get(key)),
    () => undefined,
  )
}
