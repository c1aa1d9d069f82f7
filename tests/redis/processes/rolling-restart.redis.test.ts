// Three processes that are replaced one by one, under load.

import { expect, onTestFinished, test } from 'vitest'
import { RedisServer } from '../support/redis-server'
import { System } from '../support/system'

const VISITORS = 12
const UPDATE_EVERY_MS = 50

test('[S-24] a rolling restart of all nodes under load is seen by nobody', async () => {
  const redis = await RedisServer.start()
  onTestFinished(() => redis.dispose())
  const system = await System.start(onTestFinished, ['--redis', redis.url, '--drain-ms', '500'])
  await system.crowd(VISITORS)
  system.bustle(UPDATE_EVERY_MS)
  for (const old of [...system.nodes]) {
    await system.addNode()
    old.signal('SIGTERM')
    expect(await old.ended()).toBe(0)
    system.remove(old)
  }
  system.rest()
  await Promise.all(system.visitors.map((visitor) => visitor.answered()))
  await system.converge()
  // A presence that only a node held which is gone could not be changed.
  for (const visitor of system.visitors) visitor.update()
  await system.converge()
  system.expectUnseen()
  // Nobody was quiet meanwhile.
  for (const { meta } of system.visitors) expect(meta.n).toBeGreaterThan(10)
}, 40_000)
