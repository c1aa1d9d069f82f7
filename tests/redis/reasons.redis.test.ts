// Why somebody left, told after the store was away.

import type { LeaveReason } from '@rollcall/shared-protocol'
import { expect, onTestFinished, test } from 'vitest'
import { converge, Member, soon } from './support/member'
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
