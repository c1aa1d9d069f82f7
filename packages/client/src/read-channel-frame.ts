import type { JsonObject, MessageRef, Topic } from '@rollcall/shared-protocol'
import type { ChannelFrame } from './channel-link'
import type { ChannelEvent } from './machine/channel-machine'
import { readRefusal, refusalError } from './refusal'

/** What the frames of the current join carry. */
export interface CurrentRefs {
  readonly joinRef: string
  /** Of the leave that was sent last. */
  readonly leaveRef: MessageRef
}

/** What a frame says to the channel's machine; null where it is for somebody else. */
export function readChannelFrame(
  topic: Topic,
  frame: ChannelFrame,
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
      if (frame.ref === leaveRef) return { kind: 'released', joinRef }
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
