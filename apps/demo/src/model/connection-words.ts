import type { ConnectionSnapshot } from '@rollcall/client'

/** The state of the connection in words. */
export interface ConnectionWords {
  /** `good`: live. `pending`: connecting. `lost`: will reconnect. `over`: will not reconnect by itself. */
  readonly tone: 'good' | 'pending' | 'lost' | 'over'
  /** One or two words for the badge. */
  readonly label: string
  /** A sentence for the bar. Without the seconds, which a screen reader would read out every second. */
  readonly sentence: string
}

type Facts = Pick<ConnectionSnapshot, 'status' | 'isOnline' | 'lastClose' | 'identity' | 'error'>

export function connectionWords(facts: Facts): ConnectionWords {
  const { status, lastClose, error } = facts
  switch (status) {
    case 'open':
      return { tone: 'good', label: 'Live', sentence: 'Connected.' }
    case 'closed':
      return error?.code === 'expired'
        ? {
            tone: 'over',
            label: 'Signed out',
            sentence: 'You were signed out. Reload the page to come back.',
          }
        : { tone: 'over', label: 'Ended', sentence: endOf(lastClose) }
    case 'idle':
    case 'connecting':
      return lastClose === null
        ? { tone: 'pending', label: 'Connecting', sentence: 'Connecting…' }
        : lost(facts)
    case 'waiting':
      return lost(facts)
  }
}

function lost({ isOnline, identity }: Facts): ConnectionWords {
  const what = isOnline ? 'The connection is lost.' : 'You are offline.'
  // Before the first connection there is nobody to show.
  const sentence =
    identity === null
      ? isOnline
        ? 'The server does not answer.'
        : what
      : `${what} You see who was here last.`
  return { tone: 'lost', label: 'Offline', sentence }
}

function endOf(close: { readonly code: number; readonly reason: string } | null): string {
  if (close === null || close.code === 1000) return 'The connection has ended.'
  return `The server ended the connection${close.reason ? ` (${close.reason})` : ''}.`
}
