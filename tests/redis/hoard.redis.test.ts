// What one account can make Redis hold.

import { createServer, defineChannel, RedisStore } from '@rollcall/server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { enter } from '../real/support/stranger'
import { silent } from './support/member'
import { RedisServer } from './support/redis-server'

const CONNECTIONS = 4
const FLOOD_MS = 8000
/** Joins of a connection after which it leaves a topic. */
const JOINED_FOR = 20
const JOINS = { perSecond: 25, burst: 50 }
/** Bytes of one of the keys of a topic, whatever it is called within the limits. */
const MAX_KEY_BYTES = 1024

const watching = defineChannel({ topicPattern: 'watch:*', join: () => undefined })

/** One account joins and leaves one topic after the other, over all its connections, as fast as it is let. */
async function flood(redis: RedisServer, topicOf: (n: number) => string) {
  const store = new RedisStore({ connection: redis.url, logger: silent })
  const server = createServer({
    port: 0,
    store,
    logger: silent,
    channels: [watching, present],
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

/** Keys of Redis that are called so. */
async function held(redis: RedisServer, pattern: string): Promise<number> {
  return Number((await redis.command('EVAL', "return #redis.call('KEYS', ARGV[1])", '0', pattern)).slice(1))
}

/** Topics of which Redis holds anything, and the most bytes of one of their keys. */
async function left(redis: RedisServer, pattern: string): Promise<{ topics: number; bytes: number }> {
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

/** Each is present in its topic until it leaves. */
const present = defineChannel({ topicPattern: 'room:*', join: (ctx) => void ctx.track('k', {}) })

describe('[S-59] one account that is present in one topic after the other', () => {
  test('makes Redis hold those that its rate allows, each in a few small keys', async () => {
    const redis = await start()
    // Each brace is five bytes of a key: as long as a name may be.
    const { end } = await flood(redis, (n) => `room:${'{'.repeat(110)}${n}`)
    await new Promise((resolve) => setTimeout(resolve, FLOOD_MS))
    end()
    const { topics, bytes } = await left(redis, '*{t:room:*')
    expect(topics).toBeGreaterThan(JOINS.burst)
    expect(topics).toBeLessThanOrEqual(JOINS.burst + (JOINS.perSecond * (FLOOD_MS + 1000)) / 1000)
    expect(bytes).toBeLessThan(MAX_KEY_BYTES)
  }, 40_000)
})

describe('[S-90] one account that joins one topic after the other', () => {
  test('without being present makes Redis hold nothing', async () => {
    const redis = await start()
    const { end, joins } = await flood(redis, (n) => `watch:${n}`)
    const untilMs = performance.now() + FLOOD_MS
    while (performance.now() < untilMs) {
      expect(await held(redis, '*{t:watch:*')).toBe(0)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    end()
    expect(joins()).toBeGreaterThan(4 * (JOINS.burst + (JOINS.perSecond * FLOOD_MS) / 1000))
    expect(await held(redis, '*')).toBeGreaterThan(0)
    expect(await held(redis, '*{t:watch:*')).toBe(0)
  }, 40_000)
})
