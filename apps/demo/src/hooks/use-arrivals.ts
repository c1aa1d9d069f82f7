import type { Channel, PresenceEntry } from '@rollcall/client'
import { type Dispatch, useEffect } from 'react'
import { personOf } from '../model/person'
import type { RoomEvent } from './use-timelines'

/** Adds notices of joins and leaves, except for the user and for people who were in the room before. */
export function useArrivals<M>(
  channel: Channel<M> | null,
  room: string,
  selfId: string,
  dispatch: Dispatch<RoomEvent>,
): void {
  useEffect(() => {
    if (channel === null) return
    const { presence } = channel
    const tell = (type: 'joined' | 'left') => (entry: PresenceEntry<M>) => {
      if (entry.key === selfId) return
      const { id, name } = personOf(entry)
      dispatch({ room, event: { type, comer: { id, name }, at: Date.now() } })
    }
    const onJoin = tell('joined')
    const onLeave = tell('left')
    const listen = () => {
      presence.on('join', onJoin)
      presence.on('leave', onLeave)
    }
    if (presence.isSynced) listen()
    else presence.once('sync', listen)
    return () => {
      presence.off('sync', listen)
      presence.off('join', onJoin)
      presence.off('leave', onLeave)
    }
  }, [channel, room, selfId, dispatch])
}
