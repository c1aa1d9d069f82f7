// Several systems on one Redis, told apart by the number of the database or by the prefix.

import { createServer, type KickTarget, RedisStore, referenceChannel } from '@rollcall/server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { silent, soon } from './support/member'
import { guestOf } from './support/over-redis'
import { RedisClusterServers } from './support/redis-cluster'
import { RedisServer } from './support/redis-server'

type StoreOptions = ConstructorParameters<typeof RedisStore>[0]

async function serverOf(options: StoreOptions) {
  const store = new RedisStore({ logger: silent, ...options })
  const server = createServer({ port: 0, store, logger: silent, channels: [referenceChannel] })
  const { port } = await server.listen()
  onTestFinished(async () => {
    await server.close()
    await store.close()
  })
  return { server, address: `ws://127.0.0.1:${port}/socket` }
}

/** What differs between two systems on one Redis. */
const WAYS: Readonly<Record<string, () => Promise<readonly [StoreOptions, StoreOptions]>>> = {
  'the database in the URL': async () => {
    const { url } = await alone()
    return [{ connection: url }, { connection: `${url}/1` }]
  },
  'the database beside Sentinels': async () => {
    const sentinel = await RedisServer.sentinel(await alone())
    onTestFinished(() => sentinel.dispose())
    const where = { sentinels: [{ host: '127.0.0.1', port: sentinel.port }], name: 'main' }
    return [{ connection: { ...where, db: 2 } }, { connection: { ...where, db: 11 } }]
  },
  'the prefix': async () => {
    const { url } = await alone()
    return [
      { connection: url, prefix: 'chat' },
      { connection: url, prefix: 'chat:db1' },
    ]
  },
  'the prefix in a Cluster': async () => {
    const servers = await RedisClusterServers.start()
    onTestFinished(() => servers.dispose())
    const connection = { cluster: servers.addresses }
    return [
      { connection, prefix: 'one' },
      { connection, prefix: 'two' },
    ]
  },
}

async function alone(): Promise<RedisServer> {
  const redis = await RedisServer.start()
  onTestFinished(() => redis.dispose())
  return redis
}

describe('[S-56] two systems on one Redis hear nothing of each other', () => {
  test.each(Object.entries(WAYS))(
    'where %s differs',
    async (_name, start) => {
      const [ours, theirs] = await start()
      const [one, other] = [await serverOf(ours), await serverOf(theirs)]
      // A second node of ours hears what theirs must not.
      const second = await serverOf(ours)
      const heard: string[] = []
      const listen = async (name: string, address: string, key: string) => {
        const guest = await guestOf(address, key)
        guest.channel.on('news', () => heard.push(name))
        return guest
      }
      const ada = await listen('ours', second.address, 'ada')
      const adaToo = await listen('theirs', other.address, 'ada')
      await soon(() => expect(ada.keys()).toEqual(['ada']))
      one.server.broadcast('room:lobby', 'news', {})
      await soon(() => expect(heard).toEqual(['ours']))
      const target: KickTarget = { identity: 'ada' }
      await one.server.kick(target, 'banned')
      await soon(() => expect(ada.socket.status).toBe('closed'))
      // What ours said before this has come wherever it goes.
      other.server.broadcast('room:lobby', 'news', {})
      await soon(() => expect(heard).toEqual(['ours', 'theirs']))
      expect(adaToo.socket.status).toBe('open')
      expect([adaToo.keys(), adaToo.left, adaToo.channel.presence.resyncCount]).toEqual([['ada'], [], 0])
    },
    60_000,
  )
})
