// Rollcall as its users have it: the built package, a channel, an identity for everybody.

import { createServer, defineChannel, HandshakeError, refuseWith } from '@rollcall/server'
import type { JsonObject } from '@rollcall/shared-protocol'
import { serveCommands } from '../commands'
import { unbounded } from './unbounded'

const room = defineChannel({
  topicPattern: 'room:*',
  join(ctx, payload) {
    const tracked = ctx.track(ctx.identity.id, payload.meta as JsonObject)
    return tracked.ok ? {} : refuseWith(tracked.fault)
  },
  handlers: { msg: (ctx, payload) => ctx.broadcast('msg', payload) },
})

const server = createServer({
  port: 0,
  mode: 'production',
  channels: [room],
  authenticate({ params }) {
    const id = params.get('user')
    if (id === undefined) throw new HandshakeError(401, 'Say who you are.')
    return { id }
  },
  ...unbounded,
  // The updates for slow readers are larger than what is allowed by default.
  limits: { ...unbounded.limits, metaBytes: 16_384 },
})

const { registry } = server
const { port } = await server.listen()

serveCommands(port, {
  /** Presences without a connection. */
  track({ topic, count }) {
    for (let i = 0; i < Number(count); i++) {
      const tracked = registry.track(`bot-${i}`, String(topic), `bot-${i}`, { name: `Bot ${i}`, is: 'here' })
      if (!tracked.ok) throw new Error(tracked.fault.message)
    }
  },
  /** Changes the metas of the first of them. */
  touch({ topic, count }) {
    for (let i = 0; i < Number(count); i++) registry.update(`bot-${i}`, String(topic), { is: 'touched' })
  },
})
