import type { ReceivedFault, ReceivedMessage, ReceivedMetas } from '@rollcall/shared-protocol'
import type { Backoff } from '../async/backoff'
import type { RollcallError } from '../errors'

/*
 * The states, events and effects of the connection machine. Its table is in connection-machine.ts.
 */

/** The end of a WebSocket. */
export interface CloseInfo {
  /** The close code; 1006 if the connection broke or was never made. */
  readonly code: number
  readonly reason: string
}

/** A frame of the server that this client understood. */
export type ReceivedFrame = Exclude<ReceivedMessage, ReceivedFault> | ReceivedMetas

/** This client as the server identified it. */
export interface Identity {
  readonly id: string
}

export interface SessionInfo {
  readonly id: string | null
  readonly identity: Identity | null
  /** Whether the server resumed the session of an earlier connection, with its channels. */
  readonly isResumed: boolean
  /** How long a server that restarted without its presences waits for their clients to return, in milliseconds. */
  readonly recoveringMs: number
}

/** The fields of every state. */
export interface ConnectionMemory {
  readonly isOnline: boolean
  /** Stays while the connection is lost. */
  readonly session: SessionInfo | null
  readonly lastClose: CloseInfo | null
  /** The reason why the socket is not open; null while it is open, and before and after it was asked to be. */
  readonly error: RollcallError | null
}

export type ConnectionState = ConnectionMemory &
  (
    | { readonly name: 'idle' }
    /** `attempt`: attempts since the last good connection, this one included. */
    | { readonly name: 'connecting'; readonly attempt: number }
    /** The transport is open, and the server has not replied to hello. */
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
  /** The credentials expired, and there are no others. `close` is null if there was no connection to close. */
  | { readonly kind: 'expired'; readonly close: CloseInfo | null }
  /** The attempt failed before there was a transport. */
  | { readonly kind: 'failed'; readonly error: RollcallError }
  | { readonly kind: 'due' }
  /** The server did not answer a heartbeat. */
  | { readonly kind: 'timedOut' }
  | { readonly kind: 'online' }
  | { readonly kind: 'offline' }
  | { readonly kind: 'visible' }
  /** The browser is about to freeze the page, which may continue later. */
  | { readonly kind: 'suspended' }
  /** The page is about to end. */
  | { readonly kind: 'unloaded' }

export type ConnectionEffect =
  /** Sets the timer; null clears it. */
  | { readonly kind: 'setTimer'; readonly delayMs: number | null }
  | { readonly kind: 'open' }
  /** Sends hello, and lets the channels join without waiting for the reply. */
  | { readonly kind: 'sendHello' }
  /** Drops the transport, if there is one. With `isGoodbye`, sends goodbye and closes it instead. */
  | { readonly kind: 'close'; readonly close: CloseInfo; readonly isGoodbye: boolean }
  /** Closes the transport with a code. The session can be resumed. */
  | { readonly kind: 'closeGracefully'; readonly close: CloseInfo }
  | { readonly kind: 'heartbeat'; readonly order: 'started' | 'stopped' | 'probe' }
  /** Tells the channels that the connection is lost. `isFinal`: it does not come back by itself. */
  | { readonly kind: 'lost'; readonly isFinal: boolean }
  /** Starts or stops listening to the environment's hints. */
  | { readonly kind: 'watch'; readonly isOn: boolean }

export interface ConnectionContext {
  /** Epoch milliseconds. */
  readonly now: number
  /** From 0, below 1. */
  readonly random: number
  /** Whether the server's close codes say whether to reconnect; see `ClientDialect`. */
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
