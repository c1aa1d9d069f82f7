import type { Meta } from '@rollcall/shared-protocol'
import { useEffect, useInsertionEffect, useRef } from 'react'
import type { Channel } from '../channel'

/**
 * Calls the latest `handler` for every `event` of the application's own that reaches the channel.
 *
 * @typeParam P - The payload, taken on trust: check what strangers may have sent.
 *
 * @example
 * ```tsx
 * import { useChannel, useChannelEvent } from '@rollcall/client/react'
 * import { useState } from 'react'
 *
 * export function Waves() {
 *   const { channel } = useChannel('room:lobby')
 *   const [count, setCount] = useState(0)
 *   useChannelEvent(channel, 'wave', () => setCount((before) => before + 1))
 *   return <p>{count} waves</p>
 * }
 * ```
 */
export function useChannelEvent<P = unknown, M = Meta>(
  channel: Channel<M> | null,
  event: string,
  handler: (payload: P) => void,
): void {
  const latest = useRef(handler)
  useInsertionEffect(() => {
    latest.current = handler
  })
  useEffect(() => {
    if (channel === null) return
    const listener = (payload: P) => latest.current(payload)
    channel.on(event, listener)
    return () => {
      channel.off(event, listener)
    }
  }, [channel, event])
}
