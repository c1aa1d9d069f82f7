import type { ReceivedFault, ReceivedMessage, ReceivedMetas } from '@rollcall/shared-protocol'
import type { Backoff } from '../async/backoff'
import type { RollcallError } from '../errors'

/*
 * What the socket machine is in, is told and does. The table that ties them together is in socket-machine.ts.
 */

/** How a WebSocket ended. */
export interface CloseInfo {
  /** The close code; 1006 for a connection that broke or never came about. */
  readonly code: number
  readonly reason: string
}

/** A frame of the server that this client understood. */
export type ReceivedFrame = Exclude<ReceivedMessage, ReceivedFault> | ReceivedMetas

/** Who the server believes us to be. */
export interface Identity {
  readonly id: string
}

export interface SessionInfo {
  readonly id: string | null
  readonly identity: Identity | null
  /** Whether it is the session of an earlier connection, with the channels that it was in. */
  readonly isResumed: boolean
  /** How long a server that restarted without its presences waits for their clients to return, in milliseconds. */
  readonly recoveringMs: number
}

/** What every state remembers. */
export interface ConnectionMemory {
  readonly isOnline: boolean
  /** Kept while the connection is away. */
  readonly session: SessionInfo | null
  readonly lastClose: CloseInfo | null
  /** Why the socket is not open; null while it is, and where it was not asked to be. */
  readonly error: RollcallError | null
}

export type ConnectionState = ConnectionMemory &
  (
    | { readonly name: 'idle' }
    /** `attempt`: tries since the connection was last good, this one included. */
    | { readonly name: 'connecting'; readonly attempt: number }
    /** The transport is open, the answer to our hello is due. */
    | { readonly name: 'handshaking'; readonly attempt: number }
    | { readonly name: 'open'; readonly attempt: number; readonly openedAt: number }
    /** `retryAt`: epoch milliseconds; null while the page is suspended. */
    | { readonly name: 'waiting'; readonly attempt: number; readonly retryAt: number | null }
    | { readonly name: 'closed' }
  )

export type ConnectionEvent =
  | { readonly kind: 'connect' }
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'reconnectNow' }
  | { readonly kind: 'opened' }
  | { readonly kind: 'accepted'; readonly session: SessionInfo }
  | {
      readonly kind: 'refused'
      readonly error: RollcallError
      readonly isRetryable: boolean
      readonly retryAfterMs: number
    }
  | { readonly kind: 'closed'; readonly close: CloseInfo }
  /** What proved who we are is over, and there is nothing else to come back with. Null: it was not even tried. */
  | { readonly kind: 'expired'; readonly close: CloseInfo | null }
  /** The attempt came to nothing before there was a transport. */
  | { readonly kind: 'failed'; readonly error: RollcallError }
  | { readonly kind: 'due' }
  /** The heartbeat found the connection dead. */
  | { readonly kind: 'timedOut' }
  | { readonly kind: 'online' }
  | { readonly kind: 'offline' }
  | { readonly kind: 'visible' }
  /** The page is about to be frozen, and may go on later. */
  | { readonly kind: 'suspended' }
  /** The page is about to end. */
  | { readonly kind: 'unloaded' }

export type ConnectionEffect =
  /** Set the one timer, or clear it. */
  | { readonly kind: 'setTimer'; readonly delayMs: number | null }
  | { readonly kind: 'open' }
  /** Say hello, and let the channels join without waiting for the answer. */
  | { readonly kind: 'sendHello' }
  /** Drop the transport, if there is one. Where `isGoodbye`, take leave of the server first. */
  | { readonly kind: 'close'; readonly close: CloseInfo; readonly isGoodbye: boolean }
  /** Close the transport in order, with a code that says why; the session is to be resumed. */
  | { readonly kind: 'closeGracefully'; readonly close: CloseInfo }
  | { readonly kind: 'heartbeat'; readonly order: 'started' | 'stopped' | 'probe' }
  /** Channels have lost their connection. `isFinal`: it does not come back by itself. */
  | { readonly kind: 'lost'; readonly isFinal: boolean }
  /** Listen to the network's hints, or stop. */
  | { readonly kind: 'watch'; readonly isOn: boolean }

export interface ConnectionContext {
  /** Epoch milliseconds. */
  readonly now: number
  /** From 0, below 1. */
  readonly random: number
  /** Whether the server's close codes say whether to come back; see `ClientDialect`. */
  readonly hasCloseCodes: boolean
  readonly connectTimeoutMs: number
  readonly backoff: Backoff
}

export const INITIAL_CONNECTION: ConnectionState = {
  name: 'idle',
  isOnline: true,
  session: null,
  lastClose: null,
  error: null,
}
