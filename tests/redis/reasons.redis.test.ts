// Why somebody left, told after the store was away.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { LeaveReason } from '@rollcall/shared-protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { converge, Member, soon } from './support/member'
import { guestOf, serverOver } from './support/over-redis'
import { RedisServer } from './support/redis-server'

const DURABLE = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always']

async function durable(): Promise<RedisServer> {
  const redis = await RedisServer.start(DURABLE)
  onTestFinished(() => redis.dispose())
  return redis
}

test('[S-57] on the node where it happened, each reason of a leave survives the store being away', async () => {
  const redis = await durable()
  const a = await Member.start('a', { connection: redis.url })
  const reasons: readonly LeaveReason[] = ['left', 'kicked', 'timeout', 'expired', 'replaced', 'closed']
  for (const _reason of reasons) await a.join()
  await converge([a])
  await redis.kill()
  await soon(() => expect(a.reachable.at(-1)).toBe(false))
  const leaving = reasons.map((reason, i) => a.leave(`a-${i}`, reason))
  await redis.up()
  await Promise.all(leaving)
  await converge([a])
  const expected = reasons.map((reason, i) => ({ ref: `a-${i}`, reason }))
  expect([...a.feed.leaves].sort((x, y) => (x.ref < y.ref ? -1 : 1))).toEqual(expected)
})

const ready = async (address: string) => {
  const { host } = new URL(address)
  return (await fetch(`http://${host}/readyz`)).status
}

interface Absence {
  begin(redis: RedisServer): Promise<void>
  end(redis: RedisServer): Promise<void>
}

const ABSENCES: Readonly<Record<string, Absence>> = {
  'killed and started again with its data': {
    begin: (redis) => redis.kill(),
    end: (redis) => redis.up(),
  },
  'killed and started again without its data': {
    begin: (redis) => redis.kill(),
    end: async (redis) => {
      await rm(join(redis.folder, 'appendonlydir'), { recursive: true })
      await redis.up()
    },
  },
  'without memory for a time': {
    begin: async (redis) => void (await redis.command('CONFIG', 'SET', 'maxmemory', '1')),
    end: async (redis) => void (await redis.command('CONFIG', 'SET', 'maxmemory', '0')),
  },
  'without memory for a time, and emptied': {
    begin: async (redis) => void (await redis.command('CONFIG', 'SET', 'maxmemory', '1')),
    end: async (redis) => {
      await redis.command('FLUSHALL')
      await redis.command('CONFIG', 'SET', 'maxmemory', '0')
    },
  },
}

describe('[S-57] of two servers over a Redis that is', () => {
  test.each(Object.entries(ABSENCES))(
    '%s, the clients of both are told why somebody left meanwhile',
    async (_name, { begin, end }) => {
      const redis = await durable()
      const [one, other] = [await serverOver(redis), await serverOver(redis)]
      const near = await guestOf(one.address, 'near')
      const far = await guestOf(other.address, 'far')
      const bob = await guestOf(one.address, 'bob')
      await guestOf(one.address, 'cy')
      const dan = await guestOf(other.address, 'dan')
      const everybody = ['bob', 'cy', 'dan', 'far', 'near']
      for (const guest of [near, far]) await soon(() => expect(guest.keys()).toEqual(everybody))
      await begin(redis)
      for (const { address } of [one, other])
        await soon(async () => expect(await ready(address)).toBe(503), 10_000)
      await bob.channel.leave()
      await dan.channel.leave()
      // In vain for the other nodes while nobody can be told; this node puts out its own.
      await one.server.kick({ identity: 'cy' }, 'banned').catch(() => {})
      await end(redis)
      const told = ['bob left', 'cy kicked', 'dan left']
      for (const guest of [near, far]) await soon(() => expect([...guest.left].sort()).toEqual(told), 15_000)
      for (const guest of [near, far]) await soon(() => expect(guest.keys()).toEqual(['far', 'near']))
      for (const { address } of [one, other])
        await soon(async () => expect(await ready(address)).toBe(200), 10_000)
      // Each was told once.
      for (const guest of [near, far]) expect(guest.left).toHaveLength(3)
    },
    60_000,
  )

  test('emptied while it runs, the first change there also says why', async () => {
    const redis = await durable()
    const [one, other] = [await serverOver(redis), await serverOver(redis)]
    const near = await guestOf(one.address, 'near')
    const far = await guestOf(other.address, 'far')
    const bob = await guestOf(one.address, 'bob')
    for (const guest of [near, far]) await soon(() => expect(guest.keys()).toEqual(['bob', 'far', 'near']))
    await redis.command('FLUSHALL')
    await bob.channel.leave()
    for (const guest of [near, far]) await soon(() => expect(guest.left).toEqual(['bob left']), 20_000)
    for (const guest of [near, far]) await soon(() => expect(guest.keys()).toEqual(['far', 'near']))
  })
})

test('[S-57] a node that never came back after Redis lost its data leaves with node_lost', async () => {
  const redis = await RedisServer.start()
  onTestFinished(() => redis.dispose())
  const [a, b] = [
    await Member.start('a', { connection: redis.url }),
    await Member.start('b', { connection: redis.url }),
  ]
  await a.join()
  await b.join()
  await converge([a, b])
  await redis.kill()
  await soon(() => expect(a.reachable.at(-1)).toBe(false))
  await b.store.close()
  await redis.up()
  await soon(() => expect(a.feed.leaves).toEqual([{ ref: 'b-0', reason: 'node_lost' }]), 10_000)
})
