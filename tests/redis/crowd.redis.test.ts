// Many in one topic.

import { expect, onTestFinished, test } from 'vitest'
import { Member, soon, topic } from './support/member'
import { RedisServer } from './support/redis-server'

const CROWD = 30_000

test('[S-9] a node that holds a crowd puts all of it there again', async () => {
  const redis = await RedisServer.start()
  onTestFinished(() => redis.dispose())
  const options = { connection: redis.url, leaseTtlMs: 3000, commandTimeoutMs: 10_000 }
  const [a, b] = [await Member.start('a', options), await Member.start('b', options)]
  const crowd = Array.from({ length: CROWD }, (_, i) => {
    const ref = `r${i}`
    return { op: 'put' as const, ref, key: `k${i % 1000}`, meta: { i }, rev: 0, owner: ref }
  })
  await a.store.commit(topic, crowd)
  await soon(() => expect(b.feed.refs).toHaveLength(CROWD))
  const { epoch } = b.feed
  await redis.command('FLUSHALL')
  await soon(async () => expect(await b.store.count(topic)).toBe(CROWD), 10_000)
  await soon(() => expect(b.feed.epoch).not.toBe(epoch))
  for (const { feed } of [a, b]) {
    expect(feed.refs).toHaveLength(CROWD)
    expect(feed.leaves).toEqual([])
    expect(feed.problems).toEqual([])
  }
}, 60_000)
