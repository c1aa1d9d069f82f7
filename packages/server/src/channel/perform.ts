import type { PatchMessage, PushMessage, UpdateMessage } from '@rollcall/shared-protocol'
import type { TrackResult } from '../presence/registry'
import { unknownEvent } from './channel-faults'
import type { Call } from './compose'
import type { ChannelContext } from './context'
import type { ResolvedChannel } from './define-channel'
import { Refusal, type Reply } from './reply'

/** What a client says to a channel that it is in. */
export type ChannelMessage = PushMessage | UpdateMessage | PatchMessage

/** The message as middleware sees it. */
export function callOf(message: ChannelMessage): Call {
  switch (message.kind) {
    case 'push':
      return { kind: 'event', event: message.event, payload: message.payload }
    case 'update':
      return { kind: 'update', meta: message.meta }
    case 'patch':
      return { kind: 'patch', patch: message.patch }
  }
}

/** Does what the message asks for, by the channel's definition. */
export function perform(
  ctx: ChannelContext,
  definition: ResolvedChannel,
  message: ChannelMessage,
): Reply | Promise<Reply> {
  switch (message.kind) {
    case 'update':
      return refusalOf(ctx.update(message.meta))
    case 'patch':
      return refusalOf(ctx.patch(message.patch))
    case 'push': {
      const { event, payload } = message
      const handler = definition.handlerOf.get(event)
      if (handler) return handler(ctx, payload)
      if (definition.unhandled) return definition.unhandled(ctx, event, payload)
      return new Refusal(unknownEvent(ctx.topic, event))
    }
  }
}

function refusalOf(result: TrackResult): Reply {
  return result.ok ? undefined : new Refusal(result.fault)
}
