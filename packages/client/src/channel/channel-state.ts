import type { Backoff } from '../async/backoff'
import type { RollcallError } from '../errors'

/*
 * The states, events and effects of the channel machine. Its table is in channel-machine.ts.
 */

export type ChannelState =
  | { readonly name: 'idle' }
  /** Waits for a connection, or for the next attempt. `isRejoin`: the channel was joined before. */
  | {
      readonly name: 'waiting'
      readonly isRejoin: boolean
      /** Failed attempts since the last join that lasted. */
      readonly failures: number
      readonly error: RollcallError | null
    }
  | {
      readonly name: 'joining'
      readonly joinRef: string
      readonly isRejoin: boolean
      readonly failures: number
    }
  | {
      readonly name: 'joined'
      readonly joinRef: string
      /** Failed attempts before this join; 0 once it has lasted `STEADY_AFTER_MS`. */
      readonly failures: number
    }
  | {
      readonly name: 'leaving'
      readonly joinRef: string
      /** Whether `join` was called while leaving. */
      readonly isToRejoin: boolean
    }
  | {
      readonly name: 'left'
      /** The reason if the server ended the channel; null if the application left. */
      readonly error: RollcallError | null
    }
  | { readonly name: 'refused'; readonly error: RollcallError }

export type ChannelEvent =
  | { readonly kind: 'join' }
  | { readonly kind: 'leave' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'accepted'; readonly joinRef: string; readonly response: unknown }
  | {
      readonly kind: 'rejected'
      readonly joinRef: string
      readonly error: RollcallError
      readonly isRetryable: boolean
      readonly retryAfterMs: number
    }
  /** The server replied to the leave. */
  | { readonly kind: 'leaveConfirmed'; readonly joinRef: string }
  /** The server ended the channel. */
  | { readonly kind: 'ended'; readonly joinRef: string; readonly error: RollcallError }
  /** The channel crashed on the server. It can be joined again. */
  | { readonly kind: 'failed'; readonly joinRef: string; readonly error: RollcallError }
  | { readonly kind: 'due' }

export type ChannelEffect =
  /** Sets the timer; null clears it. */
  | { readonly kind: 'setTimer'; readonly delayMs: number | null }
  | { readonly kind: 'sendJoin'; readonly joinRef: string }
  | { readonly kind: 'sendLeave'; readonly joinRef: string }
  /** Leaves a topic that the server may have this client in: after a lost connection, or a join without a reply. */
  | { readonly kind: 'leaveLater' }
  /** Resolves the callers of `join()` and sends the queued pushes. */
  | { readonly kind: 'joined'; readonly response: unknown }
  /** Rejects the callers of `join()`, although the channel tries again. */
  | { readonly kind: 'joinFailed'; readonly error: RollcallError }
  /** The channel will join again. Rejects the pushes that were sent, and keeps those that are queued. */
  | { readonly kind: 'disconnected' }
  /** Rejects all callers: the channel has left or was refused. */
  | { readonly kind: 'failed'; readonly error: RollcallError }
  /** Resolves the callers of `leave()`. */
  | { readonly kind: 'left' }

export interface ChannelContext {
  readonly topic: string
  readonly isConnected: boolean
  /** The ref for a join that this step may send. */
  readonly freshRef: string
  /** From 0, below 1. */
  readonly random: number
  /** Longest wait for the reply to a join or a leave, in milliseconds. */
  readonly timeoutMs: number
  /** Whether the code of a refusal says if a retry may help; see `ClientDialect`. */
  readonly hasRetryableCodes: boolean
  readonly backoff: Backoff
}

export const INITIAL_CHANNEL: ChannelState = { name: 'idle' }
