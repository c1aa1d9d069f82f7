import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that systems give to connections by themselves: none of those takes it between now and its use. */
const FROM = 15_000
const TO = 32_000
const TRIES = 50

/**
 * A port of 127.0.0.1 on which nobody listens, for a program that cannot choose one itself. Somebody else may be given
 * the same before it is used, which is seldom, as they are drawn.
 */
export async function freePort() {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = FROM + Math.floor(Math.random() * (TO - FROM))
    const probe = createServer().listen(port, '127.0.0.1')
    try {
      await once(probe, 'listening')
    } catch {
      continue
    }
    probe.close()
    await once(probe, 'close')
    return port
  }
  throw new Error(`There is no free port between ${FROM} and ${TO}.`)
}
