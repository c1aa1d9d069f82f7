import { type ChannelHandle, useChannel } from '@rollcall/client/react'
import { useEffect, useInsertionEffect, useRef } from 'react'

/** A channel whose own presence always says `meta`: at the join, and whenever it changes. */
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
    // While the connection is away the client keeps it, and tells it after the rejoin. A room that we are not let
    // into says so itself.
    channel.presence.update(latest.current).catch(() => {})
  }, [channel, text])
  return handle
}
