// Three processes whose line to Redis is slow, breaks, or carries nothing.

import { describe, expect, onTestFinished, test } from 'vitest'
import { Balancer } from '../support/balancer'
import { Line } from '../support/line'
import { soon } from '../support/member'
import { RedisServer } from '../support/redis-server'
import type { RollcallProcess } from '../support/rollcall-process'
import { System } from '../support/system'

const VISITORS = 6
const UPDATE_EVERY_MS = 100
const DELAY_MS = 100

async function busySystem() {
  const redis = await RedisServer.start()
  onTestFinished(() => redis.dispose())
  const line = await Line.start(redis.port)
  const system = await System.start(onTestFinished, ['--redis', line.url])
  await system.crowd(VISITORS)
  system.bustle(UPDATE_EVERY_MS)
  return { line, system }
}

const readiness = (system: System) => Promise.all(system.nodes.map((node) => node.readiness()))

describe('[S-11] nodes on a bad line to Redis, under load', () => {
  test('that carries nothing: they are not ready, and go on showing what they know', async () => {
    const { line, system } = await busySystem()
    const [node] = system.nodes as [RollcallProcess]
    // A way to one node, whether it is ready or not.
    const door = await Balancer.start()
    onTestFinished(() => door.close())
    door.backends = [{ port: node.port, readiness: async () => 200 }]
    const [ada, bob] = [await system.visit('ada', door), await system.visit('bob', node)]
    system.rest()
    await system.converge()
    const before = system.visitors.map(({ map }) => map)
    line.stall()
    await soon(async () => expect(await readiness(system)).toEqual([503, 503, 503]), 10_000)
    // Whoever was here and comes back is shown those whom the node knows; and messages go round on one node.
    door.cut()
    await soon(() => expect(ada.channel.presence.isStale).toBe(true))
    await soon(() => expect(ada.channel.presence.isStale).toBe(false))
    const heard = new Promise((resolve) => ada.channel.on('shout', resolve))
    await bob.channel.push('shout', { words: 'still here' })
    expect(await heard).toEqual({ words: 'still here' })
    expect(system.visitors.map(({ map }) => map)).toEqual(before)
    system.bustle(UPDATE_EVERY_MS)
    // Whoever comes now waits for the store.
    const late = system.visit('late', node)
    line.cut()
    line.resume()
    await soon(async () => expect(await readiness(system)).toEqual([200, 200, 200]), 10_000)
    await late
    system.rest()
    await system.converge()
    system.expectUnseen()
  }, 40_000)

  test('that is slow, breaks and half closes: nobody is seen leaving', async () => {
    const { line, system } = await busySystem()
    const back = () => soon(async () => expect(await readiness(system)).toEqual([200, 200, 200]), 10_000)
    line.delayMs = DELAY_MS
    line.cut()
    await back()
    line.halfClose()
    await back()
    line.delayMs = 0
    line.halfClose()
    line.stallPresent()
    await back()
    line.cut()
    await back()
    system.rest()
    await system.converge()
    system.expectUnseen()
  }, 40_000)
})
