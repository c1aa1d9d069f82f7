import type { PresenceEntry } from '@rollcall/client'
import { readRoomMeta } from './meta'
import { clipName } from './person-name'
import { mergeStatuses, type Status } from './status'

/** Somebody in a room, all devices together. */
export interface Person {
  readonly id: string
  readonly name: string
  readonly status: Status
  readonly isTyping: boolean
  readonly devices: number
  /** When the first of the devices came, in milliseconds of the epoch; `null` if none says. */
  readonly since: number | null
}

/** What `personOf` needs of a presence entry. */
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
