// Somebody is put out of two servers over one Redis.

import { expect, onTestFinished, test } from 'vitest'
import { soon } from './support/member'
import { guestOf, serverOver } from './support/over-redis'
import { RedisServer } from './support/redis-server'

test('[S-34] over Redis: on the other server, and again after an outage', async () => {
  const redis = await RedisServer.start()
  onTestFinished(() => redis.dispose())
  const [one, other] = [await serverOver(redis), await serverOver(redis)]
  const ada = await guestOf(one.address, 'ada')
  const mallory = await guestOf(other.address, 'mallory')
  await soon(() => expect(ada.channel.presence.size).toBe(2))
  expect(await one.server.kick({ identity: 'mallory' }, 'banned')).toBe(0)
  await soon(() => {
    expect(mallory.socket.getSnapshot().lastClose).toMatchObject({ code: 4002, reason: 'banned' })
    expect(ada.left).toEqual(['mallory kicked'])
  })
  await redis.kill()
  await redis.up()
  const again = await guestOf(other.address, 'mallory')
  await soon(() => expect(ada.channel.presence.size).toBe(2), 10_000)
  await soon(async () => {
    await one.server.kick({ identity: 'mallory' }, 'banned')
    expect(again.socket.status).toBe('closed')
  }, 10_000)
  await soon(() => expect(ada.left).toEqual(['mallory kicked', 'mallory kicked']))
})
