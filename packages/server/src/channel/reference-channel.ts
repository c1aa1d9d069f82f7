import { fault, field, isJsonObject } from '@rollcall/shared-protocol'
import { defineChannel } from './define-channel'
import { refuseWith } from './reply'

/**
 * The channel of a server that was given none: every topic is open, whoever joins is present under their identity's
 * id with the join payload's `meta`, and any event is passed on to everybody in the topic as it is.
 */
export const referenceChannel = defineChannel({
  topicPattern: '*',
  observable: true,

  join(ctx, payload) {
    const meta = field(payload, 'meta') ?? {}
    if (!isJsonObject(meta)) {
      return refuseWith(fault('invalid_message', 'The field "payload.meta" must be an object.'))
    }
    const tracked = ctx.track(ctx.identity.id, meta)
    return tracked.ok ? undefined : refuseWith(tracked.fault)
  },

  handlers: {
    // What zzz's clients ask with; the others have `presence_sync`.
    get_presence: (ctx) => ctx.pushState(),
  },

  unhandled: (ctx, event, payload) => ctx.broadcast(event, payload),
})
