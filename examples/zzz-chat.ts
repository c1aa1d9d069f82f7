// The chat of zzz's presence page, as a Rollcall channel. docs/guides/zzz.md shows it beside the original.
//   npx tsx --conditions=@rollcall/source examples/zzz-chat.ts

import { pathToFileURL } from 'node:url'
import { createServer, defineChannel, refuseWith } from '@rollcall/server'

export const chatChannel = defineChannel({
  topicPattern: 'chat:*',

  join(ctx) {
    const username = ctx.identity.id

    // Present from here on; what joins is given presence_state by itself.
    const tracked = ctx.track(username, { name: username, joined_at: new Date().toISOString() })
    if (!tracked.ok) return refuseWith(tracked.fault)

    ctx.broadcastFrom('user_joined', { user: username })
    return {}
  },

  // The presence is gone by now, however the connection ended.
  leave(ctx) {
    ctx.broadcastFrom('user_left', { user: ctx.identity.id })
  },

  handlers: {
    get_presence: (ctx) => ctx.pushState(),
  },
})

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const server = createServer({ port: Number(process.env.PORT ?? 4000), channels: [chatChannel] })
  const { port } = await server.listen()
  console.log(`chat:* on ws://127.0.0.1:${port}/socket?user_id=alice`)
}
