import type { JsonObject, MessageRef, Topic } from '@rollcall/shared-protocol'
import type { ReceivedFrame } from '../connection/connection-state'
import { asRollcallError, leftError, RollcallError, timeoutError } from '../errors'
import { readRefusal, refusalError } from '../refusal'
import type { ChannelEvent, ChannelState } from './channel-machine'

/** What the frames of the current join carry. */
export interface CurrentRefs {
  readonly joinRef: string
  /** Of the leave that was sent last. */
  readonly leaveRef: MessageRef
}

/** The ref of the current join; null if no join was sent, or the channel has left. */
export function joinRefOf(state: ChannelState): string | null {
  return 'joinRef' in state ? state.joinRef : null
}

/** What a frame says to the channel's machine; null where it is for somebody else. */
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
  const what = `The channel of "${topic}" failed on the server, and is joined again`
  return { kind: 'failed', joinRef, error: refusalError('disconnected', what, readRefusal(response)) }
}

/*
 * What goes wrong with a channel on our side, as errors and as events of its machine.
 */

/** A join that could not be sent, for what the application gave as its payload. */
export function unsendableJoin(topic: Topic, joinRef: string, thrown: unknown): ChannelEvent {
  const error = asRollcallError(
    thrown,
    'invalid_argument',
    (why) => `The payload of the join of "${topic}" cannot be made or sent: ${why}`,
  )
  return { kind: 'rejected', joinRef, error, isRetryable: false, retryAfterMs: 0 }
}

/** Why nothing can be sent in the channel any more; null where it can, now or later. */
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
  return timeoutError(`The join of "${topic}"`, timeoutMs, 'It is still being tried.')
}

export function takenError(topic: Topic): RollcallError {
  return new RollcallError(
    'left',
    `This channel of "${topic}" was left, and another one took its place; use socket.channel("${topic}").`,
  )
}

/** The server knows no changes of a session's own meta but those that the application's channel makes. */
export function noUpdatesError(topic: Topic): RollcallError {
  const instead = 'push an event of your own that the channel on the server handles by updating the presence'
  return new RollcallError(
    'unsupported',
    `The server of "${topic}" does not take presence.update and presence.patch (option dialect); ${instead}.`,
  )
}

export function disconnectedError(): RollcallError {
  return new RollcallError('disconnected', 'The socket was disconnected; connect it again to go on.')
}
