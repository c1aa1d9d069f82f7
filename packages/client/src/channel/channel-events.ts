import type { JsonObject, MessageRef, Topic } from '@rollcall/shared-protocol'
import type { ReceivedFrame } from '../connection/connection-state'
import { asRollcallError, leftError, RollcallError, timeoutError } from '../errors'
import { readRefusal, refusalError } from '../refusal'
import type { ChannelEvent, ChannelState } from './channel-state'

/** The refs that frames of the current join carry. */
interface CurrentRefs {
  readonly joinRef: string
  /** The ref of the latest leave. */
  readonly leaveRef: MessageRef
}

/** The ref of the current join; null if no join was sent, or the channel has left. */
export function joinRefOf(state: ChannelState): string | null {
  return 'joinRef' in state ? state.joinRef : null
}

/** The event that a frame is for the channel's machine; null for the reply to another message. */
export function channelEventOf(
  topic: Topic,
  frame: ReceivedFrame,
  current: CurrentRefs,
): ChannelEvent | null {
  const { joinRef, leaveRef } = current
  switch (frame.kind) {
    case 'channel_closed':
      return endOf(topic, joinRef, frame.response)
    case 'channel_failed':
      return failureOf(topic, joinRef, frame.response)
    case 'reply':
      if (frame.ref === null) return null
      if (frame.ref === leaveRef) return { kind: 'leaveConfirmed', joinRef }
      if (frame.ref !== joinRef) return null
      return frame.status === 'ok'
        ? { kind: 'accepted', joinRef, response: frame.response }
        : rejectionOf(topic, joinRef, frame.response)
    default:
      return null
  }
}

function rejectionOf(topic: Topic, joinRef: string, response: JsonObject): ChannelEvent {
  const refusal = readRefusal(response)
  const { isRetryable, retryAfterMs } = refusal
  const error = refusalError('refused', `The server refused the join of "${topic}"`, refusal)
  return { kind: 'rejected', joinRef, error, isRetryable, retryAfterMs }
}

function endOf(topic: Topic, joinRef: string, response: JsonObject): ChannelEvent {
  const refusal = readRefusal(response)
  const { reason } = refusal
  const code = reason === 'replaced' || reason === 'kicked' ? reason : 'left'
  return {
    kind: 'ended',
    joinRef,
    error: refusalError(code, `The server ended the channel of "${topic}"`, refusal),
  }
}

function failureOf(topic: Topic, joinRef: string, response: JsonObject): ChannelEvent {
  const problem = `The channel of "${topic}" failed on the server. The client rejoins`
  return { kind: 'failed', joinRef, error: refusalError('disconnected', problem, readRefusal(response)) }
}

/*
 * Failures on the client's side.
 */

/** The event of a join whose payload cannot be made or sent. */
export function unsendableJoin(topic: Topic, joinRef: string, thrown: unknown): ChannelEvent {
  const error = asRollcallError(
    thrown,
    'invalid_argument',
    (why) => `The payload of the join of "${topic}" cannot be made or sent: ${why}`,
  )
  return { kind: 'rejected', joinRef, error, isRetryable: false, retryAfterMs: 0 }
}

/** The error of a send in a channel that has left or was refused; null if it can be sent, now or later. */
export function overError(topic: Topic, state: ChannelState): RollcallError | null {
  switch (state.name) {
    case 'refused':
      return state.error
    case 'left':
      return state.error ?? leftError(topic)
    case 'leaving':
      return state.isToRejoin ? null : leftError(topic)
    default:
      return null
  }
}

export function joinTimeoutError(topic: Topic, timeoutMs: number): RollcallError {
  return timeoutError(`The join of "${topic}"`, timeoutMs, 'The client keeps trying.')
}

export function takenError(topic: Topic): RollcallError {
  return new RollcallError(
    'left',
    `This channel of "${topic}" was left, and another one has replaced it. Use socket.channel("${topic}").`,
  )
}

/** A Phoenix server has no message for this: only the channel on the server can change a presence. */
export function noUpdatesError(topic: Topic): RollcallError {
  const instead = 'Push an event and update the presence on the server'
  return new RollcallError(
    'unsupported',
    `presence.update and presence.patch are not available in "${topic}" (option dialect). ${instead}.`,
  )
}

export function disconnectedError(): RollcallError {
  return new RollcallError('disconnected', 'The socket was disconnected. Call connect() to continue.')
}
