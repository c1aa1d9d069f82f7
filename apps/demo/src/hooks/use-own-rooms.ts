import { useCallback, useMemo } from 'react'
import { ROOMS } from '../model/room'
import { useStored } from './use-stored'

/** Most visited rooms in the list. */
const MAX_OWN_ROOMS = 12

/** The visited rooms, without those that are always shown. */
export function useOwnRooms(): readonly [readonly string[], (room: string) => void] {
  const [text, write] = useStored('rollcall.rooms')
  const rooms = useMemo(() => parse(text), [text])
  const remember = useCallback(
    (room: string) => {
      if ((ROOMS as readonly string[]).includes(room) || rooms.includes(room)) return
      write(JSON.stringify([...rooms.slice(-(MAX_OWN_ROOMS - 1)), room]))
    },
    [rooms, write],
  )
  return [rooms, remember]
}

function parse(text: string | null): string[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(value) ? value.filter((room) => typeof room === 'string' && room !== '') : []
  } catch {
    return []
  }
}
