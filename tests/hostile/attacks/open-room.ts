import { defineChannel, refuseWith } from '@rollcall/server'
import { field, isJsonObject } from '@rollcall/shared-protocol'

/** What `rollcall serve` does with every topic: whoever joins is present, and what they push goes to everybody. */
export const openRoom = defineChannel({
  topicPattern: '*',
  observable: true,
  join(ctx, payload) {
    const meta = field(payload, 'meta')
    const tracked = ctx.track(ctx.identity.id, isJsonObject(meta) ? meta : {})
    return tracked.ok ? undefined : refuseWith(tracked.fault)
  },
  unhandled: (ctx, event, payload) => ctx.broadcast(event, payload),
})
