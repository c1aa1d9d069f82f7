import type { Backoff } from '../async/backoff'
import type { Tickets } from '../async/tickets'
import type { CloseInfo } from '../connection/connection-state'
import type { RollcallError } from '../errors'

/*
 * What the credentials machine is in, is told and does. The table that ties them together is in credentials.ts.
 */

/** Who we are, as one handshake says it. */
export interface Credentials {
  /** For the query, as texts. */
  readonly params: ReadonlyMap<string, string>
  /** Of `authToken`; null for none. */
  readonly token: string | null
}

/** Milliseconds for which credentials still prove something; `never`: they do not end; `unknown`: nobody said. */
export type Lifetime = number | 'never' | 'unknown'

/** The credentials that the server took last. */
export interface AcceptedCredentials {
  readonly credentials: Credentials
  /** Epoch milliseconds. */
  readonly endsAt: number | 'never' | 'unknown'
  /** Whether the server has ended a session because they are over. */
  readonly isRejected: boolean
}

/** What every state remembers. Tickets stand for the callers who wait for an answer. */
export interface CredentialsMemory {
  readonly lastAccepted: AcceptedCredentials | null
  /** Number of the latest question to the application: an answer to an earlier one is not heard. */
  readonly fetchId: number
}

interface Renewal {
  /** Tries in a row that came to nothing. */
  readonly failures: number
  readonly tickets: Tickets
  /** They asked when this renewal had begun, and may know more than it does: another one follows. */
  readonly nextTickets: Tickets
}

export type CredentialsState = CredentialsMemory &
  (
    | { readonly name: 'idle' }
    /** A connection is wanted, and the application is asked who we are. */
    | { readonly name: 'fetching' }
    /** `isLastTry`: by the clock they are over, and there are no others. */
    | { readonly name: 'connecting'; readonly credentials: Credentials; readonly isLastTry: boolean }
    | { readonly name: 'valid'; readonly lastAccepted: AcceptedCredentials; readonly failures: number }
    /** The application is asked for newer ones. */
    | ({ readonly name: 'fetchingNew'; readonly lastAccepted: AcceptedCredentials } & Renewal)
    /** The server has been sent newer ones. */
    | ({
        readonly name: 'refreshing'
        readonly lastAccepted: AcceptedCredentials
        readonly credentials: Credentials
      } & Renewal)
  )

export type CredentialsEvent =
  /** A connection is to be made. */
  | { readonly kind: 'connect' }
  | { readonly kind: 'fetched'; readonly fetchId: number; readonly credentials: Credentials }
  | { readonly kind: 'failed'; readonly fetchId: number; readonly error: RollcallError }
  | { readonly kind: 'accepted'; readonly lifetime: Lifetime }
  | { readonly kind: 'requested'; readonly ticket: number }
  | { readonly kind: 'refreshed'; readonly lifetime: Lifetime }
  | { readonly kind: 'refreshRefused'; readonly error: RollcallError; readonly retryAfterMs: number }
  /** The connection ended. `isExpiry`: because what proved who we are is over. */
  | { readonly kind: 'closed'; readonly close: CloseInfo; readonly isExpiry: boolean }
  /** We gave the connection up. */
  | { readonly kind: 'disconnected' }
  /** Nobody wants a connection any more. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'due' }

export type CredentialsEffect =
  /** Set the one timer, or clear it. */
  | { readonly kind: 'setTimer'; readonly delayMs: number | null }
  | { readonly kind: 'fetch'; readonly fetchId: number }
  | { readonly kind: 'open'; readonly credentials: Credentials }
  /** Send `refresh`. */
  | { readonly kind: 'refresh'; readonly credentials: Credentials }
  /** There is nothing to connect with. */
  | { readonly kind: 'fail'; readonly error: RollcallError }
  /** Tell the socket that its connection ended. */
  | { readonly kind: 'passThrough'; readonly close: CloseInfo }
  /** Tell the socket that it is not to come back: what it has is over. */
  | { readonly kind: 'expire'; readonly close: CloseInfo | null }
  /** A renewal is over. `error` null where the server took it. Without tickets nobody had asked for it. */
  | { readonly kind: 'settle'; readonly tickets: Tickets; readonly error: RollcallError | null }

export interface CredentialsContext {
  /** Epoch milliseconds. May jump, as clocks do. */
  readonly now: number
  /** From 0, below 1. */
  readonly random: number
  /** Whether a function makes them, so that there may be others. */
  readonly canRenew: boolean
  /** For a whole attempt to connect. */
  readonly connectTimeoutMs: number
  /** For the application's answer, and for the server's. */
  readonly timeoutMs: number
  readonly backoff: Backoff
}

export const INITIAL_CREDENTIALS: CredentialsState = { name: 'idle', lastAccepted: null, fetchId: 0 }

export function isSameCredentials(a: Credentials, b: Credentials): boolean {
  if (a.token !== b.token || a.params.size !== b.params.size) return false
  for (const [name, value] of a.params) if (b.params.get(name) !== value) return false
  return true
}
