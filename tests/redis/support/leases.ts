import { soon } from './member'
import type { RedisServer } from './redis-server'

const ALL = "return table.concat(redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'), ' ')"

/** Node to the end of its lease, in milliseconds of Redis' clock: that of this machine. */
export async function leases(redis: RedisServer, prefix = 'rollcall'): Promise<Map<string, number>> {
  const words = (await redis.text('EVAL', ALL, '1', `${prefix}:{nodes}:l`)).match(/\S+/g) ?? []
  return new Map(words.flatMap((word, i) => (i % 2 === 0 ? [[word, Number(words[i + 1])]] : [])))
}

/** The lease that one more node takes beside `count` others. A node that is ready may still be on its way to Redis. */
export async function newLease(
  redis: RedisServer,
  count: number,
  start: () => Promise<unknown>,
): Promise<string> {
  const before = await leasesOf(redis, count)
  await start()
  const after = await leasesOf(redis, count + 1)
  const [id] = [...after.keys()].filter((node) => !before.has(node))
  if (id === undefined) throw new Error('There is no new lease.')
  return id
}

async function leasesOf(redis: RedisServer, count: number): Promise<Map<string, number>> {
  let found = new Map<string, number>()
  await soon(async () => {
    found = await leases(redis)
    if (found.size !== count) throw new Error(`There are ${found.size} leases, and not ${count}.`)
  })
  return found
}
