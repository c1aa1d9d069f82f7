import { afterEach, describe, expect, test } from 'vitest'
import { ScriptedRedis } from '../../testing-support/scripted-redis'
import { VirtualClock } from '../../testing-support/virtual-clock'
import type { RedisReply } from './redis-port'
import { RedisStore } from './redis-store'
import { readAssertReply } from './scripts/assert'
import { readCommitReply } from './scripts/commit'
import { readSweepReply } from './scripts/lease'
import { readSnapshot } from './scripts/snapshot'

const REPLIES: readonly RedisReply[] = [
  null,
  'OK',
  '',
  1,
  -1,
  [],
  [null],
  [[[]]],
  ['x', 'y', 1, null],
  [1, 2, 3],
]
const record = (key: string, meta: string) => `0:7:n:3:${key.length}:"o"${key}${meta}`

const stores: RedisStore[] = []
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
})

function node(replies: Record<string, RedisReply>): RedisStore {
  const redis = new ScriptedRedis()
  Object.assign(redis.replies, replies)
  const store = new RedisStore({ connection: 'redis://redis.test', clock: new VirtualClock() }, redis)
  stores.push(store)
  store.connect({ onSessionClaimed: () => {}, onReachable: () => {} })
  return store
}

describe('[S-111] a reply of another shape', () => {
  test.each(REPLIES)('is refused by the reader that needs more: %j', (reply) => {
    for (const read of [readSnapshot, readCommitReply, readAssertReply])
      expect(() => read(reply)).toThrow(/^A script in Redis replied without /)
    if (!Array.isArray(reply) || reply.some((one) => typeof one !== 'string'))
      expect(() => readSweepReply(reply)).toThrow(/without the dead nodes/)
  })

  test.each([null, 'OK', -1, ['5'], []])('rejects the call and nothing else: %j', async (reply) => {
    const store = node({ count: reply, commit: reply, adopt: reply })
    await expect(store.count('t')).rejects.toThrow('without a count')
    await expect(store.commit('t', [{ op: 'drop', ref: 'r', reason: 'left' }])).rejects.toThrow('A script')
    expect(await store.read('t')).toMatchObject({ epoch: 'e', seq: 5 })
  })

  test('loses only the records, marks and reasons that cannot be read', () => {
    const records = [
      '"a"',
      record('"k"', '{}'),
      '"b"',
      'nonsense',
      '"c"',
      record('"k"', '{'),
      'd',
      record('"k"', '{}'),
    ]
    const more = ['"f"', record('"k"', '[]'), '"g"', record('7', '{}')]
    const left = ['"x"', 'left', '{', 'left', '"y"', 'bored']
    const snapshot = readSnapshot(['e', '1', '7', ['n', 'odd', 'm', '1:e:l'], [...records, ...more], left])
    expect(snapshot.presences).toEqual([{ ref: 'a', key: 'k', meta: {}, rev: 0 }])
    expect(snapshot.holders).toEqual(['n'])
    expect([...snapshot.asserted]).toEqual(['m', 'l'])
    expect([...snapshot.reasons]).toEqual([['x', 'left']])
  })

  test.each([
    'x',
    'null',
    '[]',
    '{}',
    '{"id":"s"}',
    '{"id":"s","identityId":"i","isGuest":1,"dialect":"d","instance":null,"current":"c","previous":null}',
  ])('is no session that anybody could resume: %s', async (text) => {
    expect(await node({ 'session-read': [text, '1'] }).sessions.read('s')).toBe(null)
  })
})
