import type { Meta } from '@rollcall/shared-protocol'
import { useEffect, useInsertionEffect, useMemo, useRef, useState } from 'react'
import { checkJoinPayload } from '../arguments'
import type { Channel, ChannelSnapshot, JoinPayload } from '../channel/channel'
import { useSocket } from './provider'
import { useSnapshot } from './use-snapshot'

/** The channel and its snapshot. `channel` is `null` without a topic. */
export interface ChannelHandle<M = Meta> extends ChannelSnapshot {
  readonly channel: Channel<M> | null
}

const NO_CHANNEL: ChannelSnapshot = { status: 'idle', error: null, response: null }

/**
 * Joins a topic while the component is mounted; `null` joins none. Components with the same topic share one channel,
 * which leaves after the last of them has unmounted.
 *
 * @param payload - The payload of the next join or rejoin. A new one alone does not cause a rejoin.
 *
 * @example
 * ```tsx
 * import { useChannel } from '@rollcall/client/react'
 *
 * export function Room({ room, name }: { room: string; name: string }) {
 *   const { channel, status, error } = useChannel(`room:${room}`, { meta: { name } })
 *   if (status === 'refused') return <p>{error?.message}</p>
 *   return <button onClick={() => channel?.push('wave')}>Wave</button>
 * }
 * ```
 */
export function useChannel<M = Meta>(topic: string | null, payload?: JoinPayload): ChannelHandle<M> {
  const socket = useSocket()
  const latest = useRef(payload)
  useInsertionEffect(() => {
    latest.current = payload
  })

  const [visit, setVisit] = useState(0)
  const hasPayload = payload !== undefined
  // biome-ignore lint/correctness/useExhaustiveDependencies: another visit needs another channel.
  const channel = useMemo(() => {
    if (topic === null) return null
    if (hasPayload) checkJoinPayload(topic, latest.current)
    // Passes no payload if it has none: it would replace that of another component in the same topic.
    return hasPayload ? socket.channel<M>(topic, () => resolve(latest.current)) : socket.channel<M>(topic)
  }, [socket, topic, hasPayload, visit])

  useEffect(() => {
    if (channel === null) return
    // React ran the cleanup when the component was hidden, so this channel has left. Another component may have
    // opened a new one for the topic.
    if (channel.status === 'left') {
      setVisit((count) => count + 1)
      return
    }
    return channel.retain()
  }, [channel])

  const snapshot = useSnapshot(channel, NO_CHANNEL)
  return useMemo(() => ({ channel, ...snapshot }), [channel, snapshot])
}

function resolve(payload: JoinPayload | undefined): { readonly [name: string]: unknown } {
  const made = typeof payload === 'function' ? payload() : payload
  return made ?? {}
}

/**
 * Calls the latest `handler` for every `event` of the application on the channel.
 *
 * @typeParam P - The type of the payload. The client does not check it: strangers may have sent it.
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
