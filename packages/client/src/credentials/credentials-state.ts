import type { Backoff } from '../async/backoff'
import type { Tickets } from '../async/tickets'
import type { CloseInfo } from '../connection/connection-state'
import type { RollcallError } from '../errors'

/*
 * The states, events and effects of the credentials machine. Its table is in credentials-machine.ts.
 */

/** The credentials of one handshake. */
export interface Credentials {
  /** Params of the query. */
  readonly params: ReadonlyMap<string, string>
  /** The option `authToken`; null for none. */
  readonly token: string | null
}

/** Milliseconds until credentials expire; `unknown` if the server did not say. */
export type Lifetime = number | 'never' | 'unknown'

/** The credentials that the server accepted last. */
export interface AcceptedCredentials {
  readonly credentials: Credentials
  /** Epoch milliseconds. */
  readonly endsAt: number | 'never' | 'unknown'
  /** Whether the server has ended a session because they expired. */
  readonly isRejected: boolean
}

/** The fields of every state. */
interface CredentialsMemory {
  readonly lastAccepted: AcceptedCredentials | null
  /** Number of the latest fetch. The result of an earlier one is ignored. */
  readonly fetchId: number
}

interface Renewal {
  /** Failed renewals in a row. */
  readonly failures: number
  /** The callers that wait for this renewal. */
  readonly tickets: Tickets
  /** The callers that came after its start. Their credentials may be newer, so another renewal follows. */
  readonly nextTickets: Tickets
}

export type CredentialsState = CredentialsMemory &
  (
    | { readonly name: 'idle' }
    /** Waits for the application's functions, to connect with the result. */
    | { readonly name: 'fetching' }
    /** `isLastTry`: the clock says that these are expired, and there are no others. */
    | { readonly name: 'connecting'; readonly credentials: Credentials; readonly isLastTry: boolean }
    | { readonly name: 'valid'; readonly lastAccepted: AcceptedCredentials; readonly failures: number }
    /** Waits for the application's functions, to renew over the open connection. */
    | ({ readonly name: 'fetchingNew'; readonly lastAccepted: AcceptedCredentials } & Renewal)
    /** Waits for the server's reply to newer ones. */
    | ({
        readonly name: 'refreshing'
        readonly lastAccepted: AcceptedCredentials
        readonly credentials: Credentials
      } & Renewal)
  )

export type CredentialsEvent =
  /** Prepare a connection. */
  | { readonly kind: 'connect' }
  | { readonly kind: 'fetched'; readonly fetchId: number; readonly credentials: Credentials }
  | { readonly kind: 'failed'; readonly fetchId: number; readonly error: RollcallError }
  | { readonly kind: 'accepted'; readonly lifetime: Lifetime }
  | { readonly kind: 'requested'; readonly ticket: number }
  | { readonly kind: 'refreshed'; readonly lifetime: Lifetime }
  | { readonly kind: 'refreshRefused'; readonly error: RollcallError; readonly retryAfterMs: number }
  /** The connection ended. `isExpiry`: because the credentials expired. */
  | { readonly kind: 'closed'; readonly close: CloseInfo; readonly isExpiry: boolean }
  /** This client ended the connection. */
  | { readonly kind: 'disconnected' }
  /** The socket was disconnected for good. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'due' }

export type CredentialsEffect =
  /** Sets the timer; null clears it. */
  | { readonly kind: 'setTimer'; readonly delayMs: number | null }
  | { readonly kind: 'fetch'; readonly fetchId: number }
  | { readonly kind: 'open'; readonly credentials: Credentials }
  /** Sends `refresh`. */
  | { readonly kind: 'refresh'; readonly credentials: Credentials }
  /** Reports that there are no credentials to connect with. */
  | { readonly kind: 'fail'; readonly error: RollcallError }
  /** Passes the end of the connection on to the connection machine. */
  | { readonly kind: 'passThrough'; readonly close: CloseInfo }
  /** Tells the connection machine not to reconnect, because the credentials expired. */
  | { readonly kind: 'expire'; readonly close: CloseInfo | null }
  /** Settles the callers of a renewal. `error` is null if it succeeded. Without tickets no caller waits for it. */
  | { readonly kind: 'settle'; readonly tickets: Tickets; readonly error: RollcallError | null }

export interface CredentialsContext {
  /** Epoch milliseconds. Jumps when the system's clock is set. */
  readonly now: number
  /** From 0, below 1. */
  readonly random: number
  /** Whether a function makes the credentials, so that there can be newer ones. */
  readonly canRenew: boolean
  /** The timeout of a whole attempt to connect. */
  readonly connectTimeoutMs: number
  /** The timeout of the application's functions, and of the server's reply. */
  readonly timeoutMs: number
  readonly backoff: Backoff
}

export const INITIAL_CREDENTIALS: CredentialsState = { name: 'idle', lastAccepted: null, fetchId: 0 }

export function isSameCredentials(a: Credentials, b: Credentials): boolean {
  if (a.token !== b.token || a.params.size !== b.params.size) return false
  for (const [name, value] of a.params) if (b.params.get(name) !== value) return false
  return true
}
