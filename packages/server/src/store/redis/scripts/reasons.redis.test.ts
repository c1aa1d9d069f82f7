import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { RedisServer } from '../../../../../../tests/redis/support/redis-server'
import { connectedRedis } from '../../../testing-support/connected-redis'
import type { Change } from '../../store'
import { Keys } from '../keys'
import type { RedisScript } from '../redis-port'
import { ASSERT, assertArgs, readAssertReply } from './assert'
import { COMMIT, commitArgs, netChanges } from './commit'
import { readSnapshot, SNAPSHOT } from './snapshot'
import { callerArgs, type KnownPosition, MAX_REASONS, REASONS_MS, UNKNOWN_POSITION } from './topic'

let redis: RedisServer
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.dispose())

const EARLIER: KnownPosition = { epoch: 'earlier', seq: 1, digest: 0 }

/** Runs a script on one topic of its own. */
async function topicOf(prefix: string) {
  const client = await connectedRedis(redis.url)
  onTestFinished(() => client.close())
  const keys = new Keys(prefix).topic('room:lobby')
  const run = (script: RedisScript, args: readonly string[], known: KnownPosition = UNKNOWN_POSITION) => {
    const caller = { node: 'n', generation: 1, known, freshEpoch: 'e', publish: 'PUBLISH' as const }
    return client.run(script, keys, [...callerArgs(caller), ...args])
  }
  return { run, key: keys[6] }
}

const put = (ref: string): Change => ({ op: 'put', ref, key: 'k', meta: {}, rev: 0, owner: `of ${ref}` })
const drop = (ref: string): Change => ({ op: 'drop', ref, reason: 'kicked' })
const commit = (...changes: Change[]) => commitArgs(netChanges(changes))

test('[S-58] reasons of leaves go to nodes that know an earlier state, and to no others', async () => {
  const { run } = await topicOf('known')
  await run(COMMIT, commit(put('a')))
  await run(COMMIT, commit(drop('a')))
  expect(readSnapshot(await run(SNAPSHOT, ['0'])).reasons).toEqual(new Map())
  expect(readSnapshot(await run(SNAPSHOT, ['0'], EARLIER)).reasons).toEqual(new Map([['a', 'kicked']]))
})

test('[S-58] reasons cover presences that were lost with the history, after a commit and after an assertion', async () => {
  const { run } = await topicOf('lost')
  await run(COMMIT, commit(drop('a')))
  const reply = readAssertReply(await run(ASSERT, assertArgs([], [['"b"', 'expired']], []), EARLIER))
  const reasons = new Map([
    ['a', 'kicked'],
    ['b', 'expired'],
  ])
  expect(reply.snapshot.reasons).toEqual(reasons)
})

test('[S-58] only the latest reasons are kept, for a limited time', async () => {
  const { run, key } = await topicOf('bounded')
  const refs = Array.from({ length: MAX_REASONS + 9 }, (_, i) => `r${i}`)
  await run(COMMIT, commit(...refs.map(put)))
  await run(COMMIT, commit(...refs.map(drop)))
  const { reasons } = readSnapshot(await run(SNAPSHOT, ['0'], EARLIER))
  expect([...reasons.keys()]).toEqual(refs.slice(9))
  await run(COMMIT, commit(put('last')))
  await run(COMMIT, commit(drop('last')))
  expect(await redis.command('LLEN', key)).toBe(`:${2 * MAX_REASONS}`)
  const leftMs = Number((await redis.command('PTTL', key)).slice(1))
  expect(leftMs).toBeGreaterThan(REASONS_MS / 2)
  expect(leftMs).toBeLessThanOrEqual(REASONS_MS)
})
