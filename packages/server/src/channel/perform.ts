import type { JsonObject, PatchMessage, PushMessage, UpdateMessage } from '@rollcall/shared-protocol'
import type { TrackResult } from '../presence/registry'
import { unknownEvent } from './channel-faults'
import type { Call } from './compose'
import type { ChannelContext } from './context'
import type { ResolvedChannel } from './define-channel'
import { Refusal, type Reply } from './reply'
import { type RunCallContext, runCall } from './run-call'

/** What a client says to a channel that it is in. */
export type ChannelMessage = PushMessage | UpdateMessage | PatchMessage

/** Has the application decide over a join. */
export function runJoin(
  ctx: ChannelContext,
  definition: ResolvedChannel,
  payload: JsonObject,
  context: RunCallContext,
): Reply | Promise<Reply> {
  const last = () => definition.join?.(ctx, payload)
  return runCall(ctx, definition.middleware, { kind: 'join', payload }, last, context)
}

/** Does what a message asks for, by the channel's definition. */
export function runMessage(
  ctx: ChannelContext,
  definition: ResolvedChannel,
  message: ChannelMessage,
  context: RunCallContext,
): Reply | Promise<Reply> {
  const last = () => perform(ctx, definition, message)
  return runCall(ctx, definition.middleware, callOf(message), last, context)
}

/** The message as middleware sees it. */
function callOf(message: ChannelMessage): Call {
  switch (message.kind) {
    case 'push':
      return { kind: 'event', event: message.event, payload: message.payload }
    case 'update':
      return { kind: 'update', meta: message.meta }
    case 'patch':
      return { kind: 'patch', patch: message.patch }
  }
}

function perform(
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
