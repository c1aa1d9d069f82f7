// Watchers of a topic whose history is gone.

import { expect, onTestFinished, test } from 'vitest'
import { converge, Member, soon, toldAsGone, topic } from './support/member'
import { RedisServer } from './support/redis-server'

test('[S-59] of a topic whose history has expired, every watcher follows the one that begins next', async () => {
  const redis = await RedisServer.start()
  onTestFinished(() => redis.dispose())
  const members = await Promise.all(
    ['a', 'b', 'c'].map((name) => Member.start(name, { connection: redis.url })),
  )
  const [a, b] = members as [Member, Member]
  for (const isUsed of [false, true]) {
    if (isUsed) await a.leave(await a.join())
    await converge(members)
    const { epoch } = a.feed
    // As time would do it.
    await redis.command('DEL', `rollcall:{t:${topic}}:s`)
    const refs = await Promise.all([a.join(), b.join()])
    await converge(members)
    await soon(() => expect(new Set(members.map(({ feed }) => feed.epoch)).size).toBe(1))
    expect(a.feed.epoch).not.toBe(epoch)
    await Promise.all([a.leave(refs[0] as string), b.leave(refs[1] as string)])
    await converge(members)
  }
  expect(toldAsGone(members)).toHaveLength(5)
})
