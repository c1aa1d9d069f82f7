// Somebody is put out of two servers over one Redis.

import { Socket } from '@rollcall/client'
import { createServer, RedisStore, type RollcallServer, referenceChannel } from '@rollcall/server'
import { expect, onTestFinished, test } from 'vitest'
import { silent, soon } from './support/member'
import { RedisServer } from './support/redis-server'

async function serverOver(redis: RedisServer): Promise<{ server: RollcallServer; address: string }> {
  const store = new RedisStore({ connection: redis.url, logger: silent })
  const server = createServer({ port: 0, store, logger: silent, channels: [referenceChannel] })
  const { port } = await server.listen()
  onTestFinished(async () => {
    await server.close()
    await store.close()
  })
  return { server, address: `ws://127.0.0.1:${port}/socket` }
}

async function visitor(address: string, name: string) {
  const socket = new Socket(address, { params: { user_id: name } })
  onTestFinished(() => socket.disconnect())
  socket.connect()
  const channel = socket.channel('room:lobby', { meta: { name } })
  const left: string[] = []
  channel.presence.on('leave', ({ key }, reason) => left.push(`${key} ${reason}`))
  await channel.join()
  return { socket, channel, left }
}

test('[S-34] over Redis: on the other server, and again after an outage', async () => {
  const redis = await RedisServer.start()
  onTestFinished(() => redis.dispose())
  const [one, other] = [await serverOver(redis), await serverOver(redis)]
  const ada = await visitor(one.address, 'ada')
  const mallory = await visitor(other.address, 'mallory')
  await soon(() => expect(ada.channel.presence.size).toBe(2))
  expect(await one.server.kick({ identity: 'mallory' }, 'banned')).toBe(0)
  await soon(() => {
    expect(mallory.socket.getSnapshot().lastClose).toMatchObject({ code: 4002, reason: 'banned' })
    expect(ada.left).toEqual(['mallory kicked'])
  })
  await redis.kill()
  await redis.up()
  const again = await visitor(other.address, 'mallory')
  await soon(() => expect(ada.channel.presence.size).toBe(2), 10_000)
  await soon(async () => {
    await one.server.kick({ identity: 'mallory' }, 'banned')
    expect(again.socket.status).toBe('closed')
  }, 10_000)
  await soon(() => expect(ada.left).toEqual(['mallory kicked', 'mallory kicked']))
})
