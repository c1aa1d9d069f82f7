import { createServer, jwtAuthenticate } from '@rollcall/server'
import { openRoom } from './open-room'
import { ownChannels } from './own-channels'
import { boundsOf, OWN } from './scale'

/*
 * What an application's server looks like to those who attack it: `rollcall serve` with channels that decide something.
 */

const server = createServer({
  port: 0,
  channels: [...ownChannels, openRoom],
  authenticate: jwtAuthenticate({ secret: process.env.ROLLCALL_JWT_SECRET ?? '' }),
  handlerTimeoutMs: 1000,
  ...boundsOf(OWN),
})
const { port } = await server.listen()
process.stdout.write(`It serves on http://127.0.0.1:${port}/ (${server.mode} mode)\n`)
