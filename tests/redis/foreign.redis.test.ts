// Other programs write to the channels of a system.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { converge, Member, silent, soon, toldAsGone } from './support/member'
import { RedisServer } from './support/redis-server'

let redis: RedisServer
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.dispose())

const FOREIGN = [
  'x',
  '{}',
  'null',
  '{"k":"a"}',
  '{"k":"m"}',
  '{"k":"n"}',
  '{"k":"r"}',
  '{"k":"d"}',
  '{"k":"z"}',
]

test('[S-110] foreign messages in every channel end no node and harm no topic', async () => {
  const warned: string[] = []
  const logger = { ...silent, warn: (context: object) => void warned.push(Reflect.get(context, 'reason')) }
  const options = { connection: redis.url, prefix: 'foreign', logger }
  const near = await Member.start('near', options)
  const far = await Member.start('far', options)
  await Promise.all([near.join(), far.join()])
  await converge([near, far])
  const channels = (await redis.text('PUBSUB', 'CHANNELS', 'foreign:*')).match(/foreign:\S+/g) ?? []
  expect(channels.length).toBe(3)
  for (const channel of channels) for (const text of FOREIGN) await redis.command('PUBLISH', channel, text)
  await soon(() => expect(warned.sort()).toEqual(['node', 'node', 'topic', 'topic']))
  await Promise.all([near.join(), far.join()])
  await converge([near, far])
  expect(toldAsGone([near, far])).toEqual([])
  expect(near.reachable.includes(false) || far.reachable.includes(false)).toBe(false)
})
