import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { RedisServer } from '../../../../../tests/redis/support/redis-server'
import { connectedRedis } from '../../testing-support/connected-redis'
import type { RedisScript } from './redis-port'

let redis: RedisServer
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.dispose())

const PLAIN: RedisScript = { name: 'plain', source: 'return ARGV[1]' }
const URGENT: RedisScript = { name: 'urgent', source: 'return ARGV[1]', isUrgent: true }

test('[S-11] urgent commands overtake waiting ones, which keep their order', async () => {
  const client = await connectedRedis(redis.url)
  onTestFinished(() => client.close())
  const answered: string[] = []
  const ask = (script: RedisScript, text: string) =>
    client.run(script, [], [text]).then((reply) => answered.push(String(reply)))
  // Both are known to Redis: no second try comes between.
  await Promise.all([ask(PLAIN, 'first'), ask(URGENT, 'first')])
  answered.length = 0
  const texts = Array.from({ length: 2000 }, (_, i) => `plain ${i}`)
  const all = texts.map((text) => ask(PLAIN, text))
  await Promise.all([...all, ask(URGENT, 'urgent')])
  expect(answered.indexOf('urgent')).toBeLessThan(300)
  expect(answered.filter((text) => text !== 'urgent')).toEqual(texts)
})

test('[S-11] a lost connection rejects waiting commands together with those in flight', async () => {
  const client = await connectedRedis(redis.url)
  onTestFinished(() => client.close())
  const slow: RedisScript = { name: 'slow', source: 'for i = 1, 500000 do end return 1' }
  const all = Array.from({ length: 2000 }, () => client.run(slow, [], []))
  const settling = Promise.allSettled(all)
  await all[0]
  await redis.kill()
  const refused = (await settling).flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
  expect(refused.length).toBeGreaterThan(1000)
  expect(new Set(refused)).toEqual(new Set(['store_unavailable']))
})
