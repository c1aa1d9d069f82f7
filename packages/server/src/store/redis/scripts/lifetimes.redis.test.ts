import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { RedisServer } from '../../../../../../tests/redis/support/redis-server'
import { connectedRedis } from '../../../testing-support/connected-redis'
import type { Change } from '../../store'
import { Keys } from '../keys'
import type { RedisScript } from '../redis-port'
import { ASSERT, assertArgs } from './assert'
import { COMMIT, commitArgs, netChanges } from './commit'
import { SNAPSHOT } from './snapshot'
import {
  ASSERTIONS_MS,
  callerArgs,
  IDLE_TOPIC_MS,
  type KnownPosition,
  UNKNOWN_POSITION,
  UNUSED_TOPIC_MS,
} from './topic'

let redis: RedisServer
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.dispose())

const FOR_EVER = -1
const NOT_THERE = -2

async function topicOf(prefix: string) {
  const client = await connectedRedis(redis.url)
  onTestFinished(() => client.close())
  const keys = new Keys(prefix).topic('room:lobby')
  const caller = {
    ...{ node: 'n', generation: 1, freshEpoch: 'e' },
    publish: 'PUBLISH' as const,
  }
  const leftMs = async (key: string) => Number((await redis.command('PTTL', key)).slice(1))
  return {
    run: (script: RedisScript, args: readonly string[], known: KnownPosition = UNKNOWN_POSITION) =>
      client.run(script, keys, [...callerArgs({ ...caller, known }), ...args]),
    historyMs: () => leftMs(keys[2]),
    assertionsMs: () => leftMs(keys[4]),
  }
}

const put = (ref: string): Change => ({ op: 'put', ref, key: 'k', meta: {}, rev: 0, owner: `of ${ref}` })
const commit = (...changes: Change[]) => commitArgs(netChanges(changes))

/** Just begun: no more than this, and more than the half of it. */
function expectBegun(leftMs: number, keptMs: number): void {
  expect(leftMs).toBeLessThanOrEqual(keptMs)
  expect(leftMs).toBeGreaterThan(keptMs / 2)
}

test('[S-59] a history lives a minute longer than its last presence, or seconds if it began empty', async () => {
  const { run, historyMs } = await topicOf('history')
  await run(SNAPSHOT, ['1'])
  expect(await historyMs()).toBe(NOT_THERE)
  await run(SNAPSHOT, ['1'], { epoch: 'lost', seq: 1, digest: 0 })
  expectBegun(await historyMs(), UNUSED_TOPIC_MS)
  await run(COMMIT, commit(put('a')))
  expect(await historyMs()).toBe(FOR_EVER)
  await run(COMMIT, commit({ op: 'drop', ref: 'a', reason: 'left' }))
  expectBegun(await historyMs(), IDLE_TOPIC_MS)
})

test('[S-22] assertions outlive the history, as earlier commands may come late', async () => {
  const { run, historyMs, assertionsMs } = await topicOf('assertions')
  await run(ASSERT, assertArgs([], [['"a"', 'left']], []))
  expectBegun(await historyMs(), UNUSED_TOPIC_MS)
  expectBegun(await assertionsMs(), ASSERTIONS_MS)
})
