import type { ConnectionSnapshot } from '../socket'
import { useSnapshot } from './use-snapshot'
import { useSocket } from './use-socket'

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
