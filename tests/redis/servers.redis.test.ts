// Two servers over one Redis, with clients.

import { describe, expect, onTestFinished, test } from 'vitest'
import { soon } from './support/member'
import { guestOf, serverOver } from './support/over-redis'
import { RedisServer } from './support/redis-server'

const lease = { leaseTtlMs: 1500 }

describe('[S-11] clients of two servers', () => {
  test('see each other, and go on seeing each other when Redis restarts empty', async () => {
    const redis = await RedisServer.start()
    onTestFinished(() => redis.dispose())
    const [one, other] = [await serverOver(redis, lease), await serverOver(redis, lease)]
    const [ada, bob] = [await guestOf(one.address, 'ada'), await guestOf(other.address, 'bob')]
    await soon(() => {
      for (const { keys } of [ada, bob]) expect(keys()).toEqual(['ada', 'bob'])
    })
    await redis.kill()
    await redis.up()
    const cy = await guestOf(one.address, 'cy')
    await soon(() => {
      for (const { keys } of [ada, bob, cy]) expect(keys()).toEqual(['ada', 'bob', 'cy'])
    }, 10_000)
    expect([ada.left, bob.left]).toEqual([[], []])
    await cy.channel.leave()
    await soon(() => {
      for (const { keys } of [ada, bob]) expect(keys()).toEqual(['ada', 'bob'])
    })
  })
})
