// Three processes under load, whose Redis restarts, forgets, and restarts empty.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { RedisServer } from '../support/redis-server'
import { type AtEnd, System } from '../support/system'

const VISITORS = 9
const UPDATE_EVERY_MS = 100
const RESTARTS = 10
const FLUSHES = 5
/** From the last that happened to Redis until every map is right. */
const RIGHT_WITHIN_MS = 5000

/** A system whose Redis keeps every write on disk, with people who change all the time. */
async function busySystem(atEnd: AtEnd) {
  const redis = await RedisServer.start(['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'])
  atEnd(() => redis.dispose())
  const system = await System.start(atEnd, ['--redis', redis.url])
  await system.crowd(VISITORS)
  system.bustle(UPDATE_EVERY_MS)
  return { redis, system }
}

describe.concurrent('[S-11] under load', () => {
  test('ten restarts of Redis in a row, half of them empty: nobody is seen leaving, and every map is right', async ({
    onTestFinished,
  }) => {
    const { redis, system } = await busySystem(onTestFinished)
    for (let i = 0; i < RESTARTS; i++) {
      await redis.kill()
      if (i % 2 === 0) await rm(join(redis.folder, 'appendonlydir'), { recursive: true, force: true })
      await redis.up()
      // Some come before all nodes are back, some after they were back for a while.
      if (i % 3 === 0) await Promise.all(system.nodes.map((node) => node.untilReady()))
      await pause((i % 4) * 150)
    }
    await redis.kill()
    await redis.up()
    system.rest()
    await system.converge(RIGHT_WITHIN_MS)
    await Promise.all(system.visitors.map((visitor) => visitor.answered()))
    // Presences that nobody holds any more could not be changed.
    for (const visitor of system.visitors) visitor.update()
    await system.converge()
    system.expectUnseen()
  }, 60_000)

  test('Redis is emptied again and again: nobody is seen leaving, and every map is right', async ({
    onTestFinished,
  }) => {
    const { redis, system } = await busySystem(onTestFinished)
    for (let i = 0; i < FLUSHES; i++) {
      await redis.command('FLUSHALL')
      await pause(i * 200)
    }
    await redis.command('FLUSHALL')
    system.rest()
    await system.converge(RIGHT_WITHIN_MS)
    await Promise.all(system.visitors.map((visitor) => visitor.answered()))
    for (const visitor of system.visitors) visitor.update()
    await system.converge()
    system.expectUnseen()
    expect(await redis.command('DBSIZE')).not.toBe(':0')
  }, 60_000)
})
