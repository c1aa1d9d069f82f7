// Redis answers, and refuses: it takes connections and serves no writes.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createServer, type Logger, RedisStore, referenceChannel } from '@rollcall/server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { soon } from './support/member'
import { type Guest, guestOf, openGuest } from './support/over-redis'
import { RedisServer } from './support/redis-server'
import { RefusingProxy } from './support/refusing-proxy'

/** Bounds for a machine that is slow. */
const SLOW_MS = 20_000
const STORE_TIMEOUT_MS = 1000
/** Longest pause between two tries of the client of Redis, and the shortest that chance makes of it. */
const LONGEST_PAUSE_MS = 1000

interface Refusing {
  /** The first word of what Redis answers. */
  readonly says: string
  begin(redis: RedisServer): Promise<void>
  end(redis: RedisServer): Promise<void>
}

const set = (redis: RedisServer, ...words: string[]) => redis.command('CONFIG', 'SET', ...words)

const REFUSALS: Readonly<Record<string, Refusing>> = {
  'has no memory left': {
    says: 'OOM',
    begin: async (redis) => void (await set(redis, 'maxmemory', '1')),
    end: async (redis) => void (await set(redis, 'maxmemory', '0')),
  },
  'is a replica': {
    says: 'READONLY',
    begin: async (redis) => void (await redis.command('REPLICAOF', '127.0.0.1', '1')),
    end: async (redis) => void (await redis.command('REPLICAOF', 'NO', 'ONE')),
  },
  'has too few replicas': {
    says: 'NOREPLICAS',
    begin: async (redis) => void (await set(redis, 'min-replicas-to-write', '1')),
    end: async (redis) => void (await set(redis, 'min-replicas-to-write', '0')),
  },
  'cannot write to its disk': {
    says: 'MISCONF',
    begin: async (redis) => {
      await mkdir(join(redis.folder, 'dump.rdb'))
      await set(redis, 'save', '3600 1000000')
      await redis.command('BGSAVE')
      await soon(async () =>
        expect(await redis.text('INFO', 'persistence')).toContain('rdb_last_bgsave_status:err'),
      )
    },
    end: async (redis) => void (await set(redis, 'stop-writes-on-bgsave-error', 'no')),
  },
  'does not let the user run scripts': {
    says: 'NOPERM',
    begin: async (redis) => void (await redis.command('ACL', 'SETUSER', 'app', '-eval', '-evalsha')),
    end: async (redis) => void (await redis.command('ACL', 'SETUSER', 'app', '+eval', '+evalsha')),
  },
  'has another password': {
    says: 'WRONGPASS',
    begin: async (redis) => {
      await redis.command('ACL', 'SETUSER', 'app', 'resetpass', '>another')
      await redis.command('CLIENT', 'KILL', 'USER', 'app')
    },
    end: async (redis) => void (await redis.command('ACL', 'SETUSER', 'app', 'resetpass', '>open')),
  },
  'is busy with a script': {
    says: 'BUSY',
    begin: async (redis) => {
      await set(redis, 'busy-reply-threshold', '50')
      // Never answered: the script is ended from outside.
      redis.command('EVAL', 'while true do end', '0').catch(() => {})
      await soon(() => expect(redis.command('GET', 'x')).rejects.toThrow('BUSY'))
    },
    end: async (redis) => void (await redis.command('SCRIPT', 'KILL')),
  },
}

/** What was said at `warn` or above. */
class Warnings implements Logger {
  readonly lines: { readonly message: string; readonly context: Record<string, unknown> }[] = []
  debug(): void {}
  info(): void {}
  warn = (context: object, message: string) => void this.lines.push({ message, context: { ...context } })
  error = this.warn
}

interface Node {
  readonly address: string
  readonly ready: () => Promise<number>
  /** The code that `/readyz` shows. */
  readonly storeCode: () => Promise<string | undefined>
  readonly log: Warnings
}

async function nodeOver(
  { port: redisPort }: Pick<RedisServer, 'port'>,
  maxQueuedChanges = 10_000,
): Promise<Node> {
  const log = new Warnings()
  const store = new RedisStore({
    connection: `redis://app:open@127.0.0.1:${redisPort}`,
    logger: log,
    leaseTtlMs: 3000,
  })
  const server = createServer({
    port: 0,
    store,
    logger: log,
    channels: [referenceChannel],
    storeTimeoutMs: STORE_TIMEOUT_MS,
    maxQueuedChanges,
  })
  const { port } = await server.listen()
  onTestFinished(async () => {
    await server.close()
    await store.close()
  })
  const ready = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status
  const storeCode = async () =>
    ((await (await fetch(`http://127.0.0.1:${port}/readyz`)).json()) as { store?: string }).store
  return { address: `ws://127.0.0.1:${port}/socket`, ready, storeCode, log }
}

async function redisWithUser(): Promise<RedisServer> {
  const redis = await RedisServer.start()
  onTestFinished(() => redis.dispose())
  await redis.command('ACL', 'SETUSER', 'app', 'on', '>open', '~*', '&*', '+@all')
  return redis
}

const connectionsMade = async (redis: RedisServer) =>
  Number(/total_connections_received:(\d+)/.exec(await redis.text('INFO', 'stats'))?.[1])

const countOf = ({ channel }: Guest) => channel.presence.get('ada')?.meta

describe('[S-54] while Redis', () => {
  test.each(Object.entries(REFUSALS))(
    '%s, the store is away: told, with what Redis says; joins are answered; all is well afterwards',
    async (_name, { says, begin, end }) => {
      const redis = await redisWithUser()
      const [one, other] = [await nodeOver(redis), await nodeOver(redis)]
      const [ada, bob] = [await guestOf(one.address, 'ada'), await guestOf(other.address, 'bob')]
      await soon(() => expect(bob.keys()).toEqual(['ada', 'bob']))
      await begin(redis)
      void ada.channel.presence.update({ name: 'ada', n: 1 })
      for (const { ready } of [one, other]) await soon(async () => expect(await ready()).toBe(503), SLOW_MS)
      // A connection that Redis ended is told as such first.
      const reasons = ({ log }: Node) => log.lines.map(({ context }) => String(context.reason)).join()
      for (const node of [one, other]) await soon(() => expect(reasons(node)).toContain(says), SLOW_MS)
      for (const { storeCode } of [one, other])
        await soon(async () => expect(await storeCode()).toBe(says), SLOW_MS)
      const cyd = openGuest(one.address, 'cyd', 'room:new')
      const joining = cyd.channel.join()
      await soon(() => expect(cyd.channel.getSnapshot().error?.reason).toBe('store_unavailable'), SLOW_MS)
      expect(await one.ready()).toBe(503)
      await end(redis)
      for (const { ready } of [one, other]) await soon(async () => expect(await ready()).toBe(200), SLOW_MS)
      await joining.catch(() => {})
      await soon(() => expect(cyd.channel.status).toBe('joined'), SLOW_MS)
      await soon(() => expect(countOf(bob)).toEqual({ name: 'ada', n: 1 }), SLOW_MS)
      expect([ada.left, bob.left]).toEqual([[], []])
      // A line for each reason, for each end of the outage, and for one that somebody met in between; never one for each try.
      for (const { log } of [one, other]) expect(log.lines.length).toBeLessThan(16)
    },
    60_000,
  )
})

test.each([
  'LOADING Redis is loading the dataset in memory',
  'CLUSTERDOWN The cluster is down',
  'NOAUTH Authentication required.',
  'MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to no.',
])(
  '[S-54, S-77] while Redis answers with %s, the store is away, and all is well afterwards',
  async (error) => {
    const redis = await redisWithUser()
    const proxy = await RefusingProxy.before(redis.port)
    const node = await nodeOver(proxy)
    const ada = await guestOf(node.address, 'ada')
    await soon(() => expect(ada.keys()).toEqual(['ada']))
    proxy.error = error
    void ada.channel.presence.update({ name: 'ada', n: 1 })
    await soon(async () => expect(await node.ready()).toBe(503), SLOW_MS)
    await soon(async () => expect(await node.storeCode()).toBe(error.split(' ')[0]), SLOW_MS)
    proxy.error = null
    await soon(async () => expect(await node.ready()).toBe(200), SLOW_MS)
    expect(await node.storeCode()).toBeUndefined()
    await soon(() => expect(countOf(ada)).toEqual({ name: 'ada', n: 1 }), SLOW_MS)
    expect(ada.left).toEqual([])
  },
  60_000,
)

test('[S-54] a Redis that takes connections and refuses commands is asked with growing pauses', async () => {
  const redis = await redisWithUser()
  const { address, ready } = await nodeOver(redis)
  await guestOf(address, 'ada')
  await redis.command('REPLICAOF', '127.0.0.1', '1')
  await soon(async () => expect(await ready()).toBe(503), SLOW_MS)
  // By now the pauses are at their longest.
  await new Promise((resolve) => setTimeout(resolve, 3000))
  const [before, sinceMs] = [await connectionsMade(redis), performance.now()]
  await new Promise((resolve) => setTimeout(resolve, 3000))
  const made = (await connectionsMade(redis)) - before - 1
  const tookMs = performance.now() - sinceMs
  // Two connections a try, after half of the longest pause at least.
  expect(made).toBeLessThanOrEqual(2 * (1 + tookMs / (LONGEST_PAUSE_MS / 2)))
  expect(made).toBeGreaterThan(0)
}, 60_000)

test('[S-54] changes that wait for a Redis that refuses them are bounded by maxQueuedChanges', async () => {
  const redis = await redisWithUser()
  const { address, ready } = await nodeOver(redis, 3)
  const guests = await Promise.all([0, 1, 2, 3, 4, 5].map((i) => guestOf(address, `guest ${i}`)))
  await redis.command('CONFIG', 'SET', 'maxmemory', '1')
  await soon(async () => expect(await ready()).toBe(503), SLOW_MS)
  const updates = guests.map(({ channel }) =>
    channel.presence.update({ n: 1 }).then(
      () => 'taken',
      (error: { reason?: string }) => error.reason,
    ),
  )
  const extra = openGuest(address, 'one more')
  extra.channel.join().catch(() => {})
  await soon(() => {
    const { error } = extra.channel.getSnapshot()
    expect(error?.message).toContain('maxQueuedChanges')
  }, SLOW_MS)
  await redis.command('CONFIG', 'SET', 'maxmemory', '0')
  await soon(() => expect(extra.channel.status).toBe('joined'), SLOW_MS)
  const outcomes = await Promise.all(updates)
  expect([...outcomes].sort()).toEqual([...Array(3).fill('store_unavailable'), ...Array(3).fill('taken')])
  await soon(() => {
    const changed = guests.map((_guest, i) => extra.channel.presence.get(`guest ${i}`)?.meta.n === 1)
    expect(changed).toEqual(outcomes.map((outcome) => outcome === 'taken'))
  }, SLOW_MS)
}, 60_000)
