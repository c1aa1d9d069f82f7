import type { Topic } from '@rollcall/shared-protocol'
import { asRollcallError, leftError, RollcallError } from './errors'
import type { ChannelEvent, ChannelState } from './machine/channel-machine'

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
