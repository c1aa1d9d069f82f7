import type { PresenceEntry } from '@rollcall/client'
import { readRoomMeta } from './meta'
import { clipName } from './person-name'
import { mergeStatuses, type Status } from './status'

/** One person in a room, with all devices. */
export interface Person {
  readonly id: string
  readonly name: string
  readonly status: Status
  readonly isTyping: boolean
  readonly devices: number
  /** The time when the first device joined, in epoch milliseconds; `null` if none says. */
  readonly since: number | null
}

/** The fields of a presence entry that `personOf` uses. */
export type PersonEntry = Pick<PresenceEntry<unknown>, 'key' | 'meta'> & {
  readonly presences: readonly { readonly meta: unknown }[]
}

export function personOf({ key, meta, presences }: PersonEntry): Person {
  const devices = presences.map((presence) => readRoomMeta(presence.meta))
  const times = devices.flatMap((device) => device.since ?? [])
  return {
    id: key,
    name: readRoomMeta(meta).name ?? clipName(key),
    status: mergeStatuses(devices.map((device) => device.status)),
    isTyping: devices.some((device) => device.isTyping),
    devices: presences.length,
    since: times.length > 0 ? Math.min(...times) : null,
  }
}
