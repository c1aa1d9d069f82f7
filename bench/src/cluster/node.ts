// One node of several over the Redis that its first argument names; otherwise as the subject `rollcall`.

import { createServer, defineChannel, HandshakeError, RedisStore, refuseWith } from '@rollcall/server'
import type { JsonObject } from '@rollcall/shared-protocol'
import { every } from '../load/pace'
import { serveCommands } from '../subjects/commands'
import { unbounded } from '../subjects/rollcall/unbounded'

const [url = '', name = ''] = process.argv.slice(2)

const room = defineChannel({
  topicPattern: 'room:*',
  join(ctx, payload) {
    const tracked = ctx.track(ctx.identity.id, payload.meta as JsonObject)
    return tracked.ok ? {} : refuseWith(tracked.fault)
  },
})

const store = new RedisStore({ connection: url })
const server = createServer({
  port: 0,
  mode: 'production',
  channels: [room],
  store,
  ...unbounded,
  authenticate({ params }) {
    const id = params.get('user')
    if (id === undefined) throw new HandshakeError(401, 'Say who you are.')
    return { id }
  },
})

const { registry } = server
const { port } = await server.listen()
const owner = `bot of ${name}`
const topicOf = (index: number) => `room:bots-${index}`
/** Never the same meta twice, which would be no change. */
let changes = 0

serveCommands(port, {
  /** A presence without a connection in each of so many topics. */
  track({ topics }) {
    for (let i = 0; i < Number(topics); i++) {
      const tracked = registry.track(owner, topicOf(i), owner, { n: 0 })
      if (!tracked.ok) throw new Error(tracked.fault.message)
    }
  },
  /** Changes their metas in turn, so many a second, each in its own topic. */
  async rush({ topics, perSecond, forMs }) {
    await every(1000 / Number(perSecond), Number(forMs), (n) => {
      registry.update(owner, topicOf(n % Number(topics)), { n: ++changes })
    })
  },
})
