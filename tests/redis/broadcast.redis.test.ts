// What channels say to each other over Redis.

import type { StoreMessage, TopicFeed } from '@rollcall/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Line } from './support/line'
import { Member, soon, topic } from './support/member'
import { RedisServer } from './support/redis-server'

let redis: RedisServer
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.dispose())

/** The events that a node is told of, in their order. */
class Order implements TopicFeed {
  readonly told: string[] = []

  onSnapshot(): void {}

  onDiff(): void {}

  onMessage({ event }: StoreMessage): void {
    this.told.push(event)
  }
}

describe('[S-9] broadcasts of a topic', () => {
  test('do not wait for each other, and a change does not wait for their answers', async () => {
    const line = await Line.start(redis.port)
    const far = await Member.start('far', { connection: line.url, prefix: 'many' })
    const roundTripMs = 100
    line.delayMs = roundTripMs / 2
    const startedMs = performance.now()
    const said = Array.from({ length: 200 }, () => far.store.publish(topic, { event: 'e', payload: {} }))
    await far.join()
    await Promise.all(said)
    expect(performance.now() - startedMs).toBeLessThan((200 * roundTripMs) / 2)
  })

  test('come in their order, also where Redis has to be given its scripts again meanwhile', async () => {
    const prefix = 'order'
    const order = new Order()
    const near = await Member.start('near', { connection: redis.url, prefix })
    await near.store.subscribe(topic, order)
    const far = await Member.start('far', { connection: redis.url, prefix })
    const events = Array.from({ length: 3000 }, (_, i) => `e${i}`)
    const all = events.map((event) => far.store.publish(topic, { event, payload: {} }))
    for (const at of [500, 1500, 2500]) {
      await all[at]
      await redis.command('SCRIPT', 'FLUSH')
    }
    await Promise.all(all)
    await soon(() => expect(order.told).toEqual(events))
  })

  test('past a bound are refused, while Redis does not keep up', async () => {
    const line = await Line.start(redis.port)
    const far = await Member.start('far', { connection: line.url, prefix: 'bound', commandTimeoutMs: 20_000 })
    line.stallPresent()
    const said = Array.from({ length: 20_000 }, () => far.store.publish(topic, { event: 'e', payload: {} }))
    const settling = Promise.allSettled(said)
    await expect(said.at(-1)).rejects.toMatchObject({ code: 'store_unavailable' })
    line.resume()
    const refused = (await settling).filter(({ status }) => status === 'rejected').length
    expect(refused).toBe(10_000)
  })
})
