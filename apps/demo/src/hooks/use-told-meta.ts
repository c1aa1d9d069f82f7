import { type ChannelHandle, useChannel } from '@rollcall/client/react'
import { useEffect, useInsertionEffect, useRef } from 'react'

/** A channel whose own presence has this `meta`: it is sent with the join and whenever it changes. */
export function useToldMeta<M>(topic: string, meta: M): ChannelHandle<M> {
  const latest = useRef(meta)
  useInsertionEffect(() => {
    latest.current = meta
  })
  const handle = useChannel<M>(topic, () => ({ meta: latest.current }))
  const { channel } = handle

  const text = JSON.stringify(meta)
  const told = useRef(text)
  useEffect(() => {
    if (channel === null || told.current === text) return
    told.current = text
    // Ignores failures: after a lost connection the client sends the meta again, and the page shows a refused room.
    channel.presence.update(latest.current).catch(() => {})
  }, [channel, text])
  return handle
}
