import { useCallback, useSyncExternalStore } from 'react'
import { type Clock, systemClock } from '../io/clock'
import type { ConnectionSnapshot } from '../socket'
import { useSocket } from './provider'
import { useSnapshot } from './use-snapshot'

const NO_CONNECTION: ConnectionSnapshot = {
  status: 'idle',
  attempt: 0,
  retryAt: null,
  isOnline: true,
  lastClose: null,
  error: null,
  identity: null,
}

/** The state of the connection. Renders again when it changes. */
export function useConnection(): ConnectionSnapshot {
  return useSnapshot(useSocket(), NO_CONNECTION)
}

/**
 * Whole seconds until the next attempt to connect, rounded up; `null` while none is scheduled. Renders once a second,
 * so use it only in the component that shows the number.
 *
 * @param clock - The socket's clock, if a test replaced it.
 *
 * @example
 * ```tsx
 * import { useConnection, useRetryCountdown, useSocket } from '@rollcall/client/react'
 *
 * export function Lost() {
 *   const socket = useSocket()
 *   const seconds = useRetryCountdown()
 *   if (useConnection().status !== 'waiting') return null
 *   return <button onClick={() => socket.reconnectNow()}>Next try in {seconds} s. Try now</button>
 * }
 * ```
 */
export function useRetryCountdown(clock: Clock = systemClock): number | null {
  const { retryAt } = useConnection()

  const subscribe = useCallback(
    (listener: () => void) => {
      if (retryAt === null) return () => {}
      let cancel = () => {}
      const schedule = () => {
        const leftMs = retryAt - clock.now()
        if (leftMs <= 0) return
        // One millisecond past the end of the shown second, because a timer may fire slightly early.
        cancel = clock.after(leftMs - (secondsOf(leftMs) - 1) * 1000 + 1, () => {
          listener()
          schedule()
        })
      }
      schedule()
      return () => cancel()
    },
    [retryAt, clock],
  )
  return useSyncExternalStore(
    subscribe,
    () => (retryAt === null ? null : secondsOf(retryAt - clock.now())),
    () => null,
  )
}

function secondsOf(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1000))
}
