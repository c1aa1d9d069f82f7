import { readHallMeta } from './meta'
import { clipName } from './person-name'
import { ROOMS } from './room'

/** A room in the list, with who is in it. */
export interface RoomRow {
  readonly room: string
  readonly people: readonly { readonly id: string; readonly name: string }[]
}

interface HallEntry {
  readonly key: string
  readonly presences: readonly { readonly meta: unknown }[]
}

/** The rooms always offered, then one's own and those where somebody is, by name. Somebody with two devices may be in two. */
export function roomRows(entries: readonly HallEntry[], own: readonly string[]): RoomRow[] {
  // A map, never an object: rooms are strings from outside. (P-10)
  const people = new Map<string, Map<string, string>>()
  for (const room of [...ROOMS, ...[...own].sort()]) if (!people.has(room)) people.set(room, new Map())
  const found = new Map<string, Map<string, string>>()
  for (const { key, presences } of entries) {
    for (const { meta } of presences) {
      const { name, room } = readHallMeta(meta)
      if (room === null) continue
      const inRoom = people.get(room) ?? found.get(room) ?? new Map<string, string>()
      if (!people.has(room)) found.set(room, inRoom)
      inRoom.set(key, name ?? clipName(key))
    }
  }
  const others = [...found].sort(([a], [b]) => (a < b ? -1 : 1))
  return [...people, ...others].map(([room, inside]) => ({
    room,
    people: [...inside].map(([id, name]) => ({ id, name })),
  }))
}

/** Whether two lists would be drawn the same. */
export function sameRows(a: readonly RoomRow[], b: readonly RoomRow[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
