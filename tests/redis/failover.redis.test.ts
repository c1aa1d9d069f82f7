// Redis that is more than one server: Sentinel's failover, and masters of a Cluster that go and come back.

import type { RedisConnection } from '@rollcall/server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { converge, Member, soon, toldAsGone, topic } from './support/member'
import { RedisClusterServers } from './support/redis-cluster'
import { RedisServer } from './support/redis-server'

async function members(connection: RedisConnection) {
  // A lease that outlasts what a Cluster takes to be whole again.
  const options = { connection, leaseTtlMs: 6000 }
  const all = [await Member.start('a', options), await Member.start('b', options)] as const
  for (const member of all) {
    await member.join()
    await member.join()
  }
  await converge(all)
  return all
}

describe('[S-11] Sentinel', () => {
  test('makes a replica the primary: everybody is there, whatever it had missed', async () => {
    const primary = await RedisServer.start()
    onTestFinished(() => primary.dispose())
    const follows = ['--save', '', '--replicaof', '127.0.0.1', String(primary.port)]
    const replica = await RedisServer.start([...follows, '--repl-diskless-sync-delay', '0'])
    onTestFinished(() => replica.dispose())
    await soon(
      async () => expect(await primary.text('INFO', 'replication')).toContain('state=online'),
      15_000,
    )
    const sentinel = await RedisServer.sentinel(primary)
    onTestFinished(() => sentinel.dispose())
    await soon(async () => expect(await sentinel.text('INFO', 'sentinel')).toContain('slaves=1'), 15_000)
    const [a, b] = await members({
      sentinels: [{ host: '127.0.0.1', port: sentinel.port }],
      name: 'main',
    })
    const before = a.feed.presences
    await primary.kill()
    const joined = [a.join(), b.join()]
    await soon(async () => expect(await replica.text('INFO', 'replication')).toContain('role:master'), 15_000)
    await Promise.all(joined)
    await converge([a, b], 10_000)
    expect(toldAsGone([a, b])).toEqual([])
    expect(a.feed.presences).toHaveLength(before.length + 2)
    expect((await b.store.read(topic)).presences).toHaveLength(before.length + 2)
  }, 60_000)
})

describe('[S-11] a Cluster', () => {
  test('of which each master is killed and comes back empty: nobody is told as gone', async () => {
    const cluster = await RedisClusterServers.start()
    onTestFinished(() => cluster.dispose())
    const [a, b] = await members({ cluster: cluster.addresses })
    for (const server of cluster.servers) {
      await server.kill()
      // Who had no connection to it hears of it once the others have called it failed: that takes some node timeouts.
      await soon(
        () => expect([a, b].map(({ reachable }) => reachable.at(-1))).toEqual([false, false]),
        15_000,
      )
      await server.up()
      await soon(() => expect([a, b].map(({ reachable }) => reachable.at(-1))).toEqual([true, true]), 15_000)
      await Promise.all([a.join(), b.join()])
      await converge([a, b])
    }
    expect([a, b].flatMap(({ feed }) => feed.leaves)).toEqual([])
    expect((await a.store.read(topic)).presences).toHaveLength(10)
  }, 60_000)
})
