import { clipName } from './person-name'
import { isStatus, type Status } from './status'

/*
 * The metas of presences. Field names are short because a meta has at most 256 bytes. The demo checks the metas that it
 * reads, because any program can join a room with any meta.
 */

/** A device in a room. */
export type RoomMeta = {
  /** Name. */
  readonly n: string
  /** Status. */
  readonly s: Status
  /** In the room since, in seconds of the epoch. */
  readonly at: number
  /** Typing; absent otherwise. */
  readonly t?: 1
}

/** A device in the hall, the topic that every client joins. It shows who is in which room. */
export type HallMeta = {
  readonly n: string
  /** Room; absent if its name is too long. */
  readonly r?: string
}

export const HALL = 'hall'

/** Longest room name in a hall meta, in UTF-16 units: at most 240 bytes with the longest name. */
const MAX_HALL_ROOM = 40

export interface DeviceFacts {
  readonly name: string | null
  readonly status: Status
  readonly isTyping: boolean
  /** Milliseconds of the epoch. */
  readonly since: number | null
}

/** Reads a room's meta. Also accepts `{ "name": … }` of a plain client. */
export function readRoomMeta(meta: unknown): DeviceFacts {
  const status = own(meta, 's') ?? own(meta, 'status')
  const at = own(meta, 'at')
  return {
    name: readName(meta),
    status: isStatus(status) ? status : 'online',
    isTyping: own(meta, 't') === 1,
    since: typeof at === 'number' && Number.isFinite(at) && at > 0 ? at * 1000 : null,
  }
}

export function hallMeta(name: string, room: string): HallMeta {
  return room.length <= MAX_HALL_ROOM ? { n: name, r: room } : { n: name }
}

export function readHallMeta(meta: unknown): { readonly name: string | null; readonly room: string | null } {
  const room = own(meta, 'r')
  return {
    name: readName(meta),
    room: typeof room === 'string' && room !== '' && room.length <= MAX_HALL_ROOM ? room : null,
  }
}

function readName(meta: unknown): string | null {
  const name = own(meta, 'n') ?? own(meta, 'name')
  return (typeof name === 'string' && clipName(name)) || null
}

function own(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, field)
    ? (value as Record<string, unknown>)[field]
    : undefined
}
