import { randomBytes } from 'node:crypto'
import type { Logger } from '@rollcall/server'
import { expect, onTestFinished, test } from 'vitest'
import { HonestCrowd } from '../support/honest-crowd'
import { heldBytes } from '../support/memory'
import { Arena } from './arena'
import { ATTACKS } from './attacks'
import { honestToken } from './honest-token'
import { newPage } from './page'
import { SMALL } from './scale'
import { startServer } from './servers'

/*
 * Each attack, small, on a server in this process that has the bounds to go with it. `npm run attack` does them in full,
 * on `rollcall serve` as it was built, and measures what they cost.
 */

const secret = randomBytes(32).toString('base64')
const rooms = ['room:0', 'room:1']

test.each(ATTACKS)('[S-37] $name is refused, and who is honest sees nothing of it', async (attack) => {
  const complaints: string[] = []
  const page = newPage()
  onTestFinished(() => page.remove())
  const logger: Logger = {
    debug() {},
    info() {},
    warn() {},
    error: (_context, message) => void complaints.push(message),
  }
  const server = await startServer(attack.server, { secret, scale: SMALL, page: page.folder, logger })
  onTestFinished(() => server.close())
  const { port } = server
  const tokenOf = (name: string) => honestToken(secret, name)
  const crowd = await HonestCrowd.enter({ port, people: 4, rooms, tokenOf })
  onTestFinished(() => crowd.leave())
  crowd.start(400)
  const arena = new Arena({ port, secret, scale: SMALL, rooms, network: 0, heldBytes })
  onTestFinished(() => arena.clear())

  expect(await attack.attempt(arena)).toMatch(/./)
  arena.clear()
  crowd.stop()
  await crowd.pulse()
  expect(crowd.violations).toEqual([])
  expect(crowd.lostConnections).toBe(0)
  if (!attack.isLogged) expect(complaints).toEqual([])
})
