import { readHallMeta } from './meta'
import { clipName } from './person-name'
import { ROOMS } from './room'

/** A room in the list, with the people in it. */
export interface RoomRow {
  readonly room: string
  readonly people: readonly { readonly id: string; readonly name: string }[]
}

interface HallEntry {
  readonly key: string
  readonly presences: readonly { readonly meta: unknown }[]
}

/** The rooms that are always shown, then the visited and the occupied ones by name. One person can be in two rooms. */
export function roomRows(entries: readonly HallEntry[], own: readonly string[]): RoomRow[] {
  // A Map, because strangers choose the names of rooms. (P-10)
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

/** Whether two lists look the same. */
export function sameRows(a: readonly RoomRow[], b: readonly RoomRow[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
