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

/** How the connection stands. Renders again whenever that changes. */
export function useConnection(): ConnectionSnapshot {
  return useSnapshot(useSocket(), NO_CONNECTION)
}

/**
 * Whole seconds until the next try to connect, rounded up, as they go by; `null` while none is scheduled.
 * Renders once a second, so use it where the number is shown.
 *
 * @param clock - The socket's clock, where a test gave it one.
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
        // To the end of the second that is shown, and a moment: a timer may be early by less than one.
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
