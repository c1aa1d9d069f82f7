import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { RedisServer } from '../../../../../../tests/redis/support/redis-server'
import { connectedRedis } from '../../../testing-support/connected-redis'
import type { Change } from '../../store'
import { Keys } from '../keys'
import type { RedisScript } from '../redis-port'
import { ASSERT, assertArgs } from './assert'
import { COMMIT, commitArgs, netChanges } from './commit'
import { readSnapshot, SNAPSHOT } from './snapshot'
import { callerArgs, UNKNOWN_POSITION } from './topic'

let redis: RedisServer
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.dispose())

/** Runs a script on one topic, as the node says it in the generation. */
async function topicOf(prefix: string) {
  const client = await connectedRedis(redis.url)
  onTestFinished(() => client.close())
  const keys = new Keys(prefix).topic('room:lobby')
  return (script: RedisScript, node: string, generation: number, args: readonly string[]) => {
    const caller = { node, generation, known: UNKNOWN_POSITION, freshEpoch: 'e', publish: 'PUBLISH' as const }
    return client.run(script, keys, [...callerArgs(caller), ...args])
  }
}

const put = (ref: string): Change => ({ op: 'put', ref, key: 'k', meta: {}, rev: 0, owner: `of ${ref}` })

test('[S-22] a late command under a former id of the node is refused', async () => {
  const run = await topicOf('late')
  await run(COMMIT, 'former', 1, commitArgs(netChanges([put('a')])))
  await run(ASSERT, 'now', 2, assertArgs(['former'], [], []))
  const late = run(COMMIT, 'former', 1, commitArgs(netChanges([put('b')])))
  await expect(late).rejects.toMatchObject({ code: 'FENCED' })
  expect(readSnapshot(await run(SNAPSHOT, 'now', 2, ['0'])).presences).toEqual([])
})

test('[S-90] late commands are refused in a topic without a history, and no other topic keeps a trace', async () => {
  const run = await topicOf('doubt')
  await run(ASSERT, 'sure', 2, assertArgs(['former'], [], []))
  await run(ASSERT, 'unsure', 2, assertArgs([], [], [], true))
  const late = (node: string) => run(COMMIT, node, 1, commitArgs(netChanges([put(node)])))
  await expect(late('unsure')).rejects.toMatchObject({ code: 'LATE' })
  await late('former')
  await late('sure')
})
