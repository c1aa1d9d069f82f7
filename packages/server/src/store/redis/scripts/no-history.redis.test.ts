// A topic in which nobody ever was.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { Member, soon, topic } from '../../../../../../tests/redis/support/member'
import { RedisServer } from '../../../../../../tests/redis/support/redis-server'
import { NO_HISTORY } from './topic'

let redis: RedisServer
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.dispose())

/** The keys of topics. */
async function keysOf(prefix: string): Promise<string> {
  const script = "return table.concat(redis.call('KEYS', ARGV[1]), ' ')"
  return (await redis.text('EVAL', script, '0', `${prefix}:{t:*`)).trim()
}

async function start(prefix: string): Promise<Member> {
  return Member.start('a', { connection: redis.url, prefix })
}

test('[S-90] subscribing, reading, counting, publishing and changes without effect leave no key of a topic', async () => {
  const { store } = await start('none')
  await store.read(topic)
  await store.count(topic)
  await store.adopt(topic, 'nobody')
  await store.publish(topic, { event: 'e', payload: 1 })
  expect(await store.commit(topic, [])).toEqual({ epoch: NO_HISTORY, seq: 0 })
  expect(await keysOf('none')).toBe('')
})

test('[S-90] an assertion after a reconnect leaves no key either', async () => {
  const member = await start('again')
  await redis.command('CLIENT', 'KILL', 'TYPE', 'normal')
  await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await soon(() => expect(member.reachable).toEqual([false, true]))
  expect(await keysOf('again')).toBe('')
})

test('[S-90] the first change begins a history with one epoch for all subscribers', async () => {
  const [a, b] = [await start('first'), await start('first')]
  const heard = a.feed.epoch
  await Promise.all([
    a.join('a'),
    b.store.commit(topic, [{ op: 'put', ref: 'b-0', key: 'b', meta: {}, rev: 0, owner: 'b' }]),
  ])
  await soon(() => {
    for (const { feed } of [a, b]) expect(feed.presences).toHaveLength(2)
  })
  expect(a.feed.epoch).toBe(b.feed.epoch)
  expect(a.feed.epoch).not.toBe(heard)
  for (const { feed } of [a, b]) expect(feed.problems).toEqual([])
  expect(await keysOf('first')).not.toBe('')
})
