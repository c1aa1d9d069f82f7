import type { RedisServer } from './redis-server'

const ALL = "return table.concat(redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'), ' ')"

/** Node to the end of its lease, in milliseconds of Redis' clock: that of this machine. */
export async function leases(redis: RedisServer, prefix = 'rollcall'): Promise<Map<string, number>> {
  const words = (await redis.text('EVAL', ALL, '1', `${prefix}:{nodes}:l`)).trim().split(' ')
  return new Map(words.flatMap((word, i) => (i % 2 === 0 ? [[word, Number(words[i + 1])]] : [])))
}

/** The lease that whoever starts takes, by what has one afterwards and had none before. */
export async function newLease(redis: RedisServer, start: () => Promise<unknown>): Promise<string> {
  const before = await leases(redis)
  await start()
  const [id, another] = [...(await leases(redis)).keys()].filter((node) => !before.has(node))
  if (id === undefined || another !== undefined) throw new Error('Not one new lease.')
  return id
}
