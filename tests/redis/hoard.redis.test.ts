// What one account can make Redis hold.

import { createServer, defineChannel, RedisStore } from '@rollcall/server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { enter } from '../real/support/stranger'
import { silent, soon } from './support/member'
import { RedisServer } from './support/redis-server'

const CONNECTIONS = 4
const FLOOD_MS = 8000
/** Joins of a connection after which it leaves a topic. */
const JOINED_FOR = 20
const JOINS = { perSecond: 25, burst: 50 }
/** Seconds for which Redis keeps a topic's history in which nobody was ever present. */
const UNUSED_S = 5
/** Topics within that time, and a second of joins more: Redis finds expired keys ten times a second. */
const MAX_TOPICS = JOINS.burst + JOINS.perSecond * (UNUSED_S + 1)
/** Bytes of a topic's history in Redis, whatever the topic is called within the limits. */
const MAX_TOPIC_BYTES = 1024

const watching = defineChannel({ topicPattern: 'watch:*', join: () => undefined })

/** One account joins and leaves one topic after the other, over all its connections, as fast as it is let. */
async function flood(redis: RedisServer, topicOf: (n: number) => string) {
  const store = new RedisStore({ connection: redis.url, logger: silent })
  const server = createServer({
    port: 0,
    store,
    logger: silent,
    channels: [watching],
    authenticate: () => ({ id: 'mallory' }),
    rates: { messages: false, bytes: false, abuse: false, joins: JOINS },
  })
  const { port } = await server.listen()
  onTestFinished(async () => {
    await server.close()
    await store.close()
  })
  const entries = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => enter(port, 'mallory', { headers: {} })),
  )
  let joins = 0
  const timer = setInterval(() => {
    for (const { peer } of entries) {
      const n = joins++
      peer?.send([`${n}`, `${n}`, topicOf(n), 'phx_join', {}])
      // One that was joined a moment ago; at once, the join would be taken back.
      const earlier = n - JOINED_FOR * CONNECTIONS
      if (earlier >= 0) peer?.send([`${earlier}`, `${earlier}l`, topicOf(earlier), 'phx_leave', {}])
    }
  }, 10)
  onTestFinished(() => clearInterval(timer))
  return { end: () => clearInterval(timer), joins: () => joins }
}

/** Topics of which Redis has anything, and the most bytes of one of their keys. */
async function held(redis: RedisServer, pattern: string): Promise<{ topics: number; bytes: number }> {
  const script = `
local topics, bytes, count = {}, 0, 0
for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
  local topic = string.match(key, '{t:[^}]*}')
  bytes = math.max(bytes, redis.call('MEMORY', 'USAGE', key))
  if not topics[topic] then count = count + 1 end
  topics[topic] = true
end
return count .. ' ' .. bytes`
  const [topics, bytes] = (await redis.text('EVAL', script, '0', pattern)).trim().split(' ')
  return { topics: Number(topics), bytes: Number(bytes) }
}

async function start(): Promise<RedisServer> {
  const redis = await RedisServer.start()
  onTestFinished(() => redis.dispose())
  return redis
}

describe('[S-59] one account that joins one topic after the other', () => {
  test('without being present makes Redis hold those of a few seconds, and then none', async () => {
    const redis = await start()
    // Each brace is five bytes of a key: as long as a name may be.
    const name = '{'.repeat(110)
    const { end, joins } = await flood(redis, (n) => `watch:${name}${n}`)
    let most = 0
    const untilMs = performance.now() + FLOOD_MS
    while (performance.now() < untilMs) {
      const { topics, bytes } = await held(redis, '*{t:watch:*')
      most = Math.max(most, topics)
      expect(bytes).toBeLessThan(MAX_TOPIC_BYTES)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    end()
    expect(joins()).toBeGreaterThan(4 * MAX_TOPICS)
    expect(most).toBeGreaterThan(JOINS.burst)
    expect(most).toBeLessThanOrEqual(MAX_TOPICS)
    await soon(async () => expect(await held(redis, '*{t:watch:*')).toEqual({ topics: 0, bytes: 0 }), 10_000)
  }, 40_000)
})
