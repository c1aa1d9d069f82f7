// Two servers over one Redis, with clients.

import { Socket } from '@rollcall/client'
import { createServer, RedisStore, referenceChannel } from '@rollcall/server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { silent, soon } from './support/member'
import { RedisServer } from './support/redis-server'

async function serverOver(redis: RedisServer) {
  const store = new RedisStore({ connection: redis.url, leaseTtlMs: 1500, logger: silent })
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
  channel.presence.on('leave', ({ key }) => left.push(key))
  await channel.join()
  return {
    channel,
    left,
    keys: () =>
      channel.presence
        .list()
        .map(({ key }) => key)
        .sort(),
  }
}

describe('[S-11] clients of two servers', () => {
  test('see each other, and go on seeing each other when Redis restarts empty', async () => {
    const redis = await RedisServer.start()
    onTestFinished(() => redis.dispose())
    const [one, other] = [await serverOver(redis), await serverOver(redis)]
    const [ada, bob] = [await visitor(one.address, 'ada'), await visitor(other.address, 'bob')]
    await soon(() => {
      for (const { keys } of [ada, bob]) expect(keys()).toEqual(['ada', 'bob'])
    })
    await redis.kill()
    await redis.up()
    const cy = await visitor(one.address, 'cy')
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
