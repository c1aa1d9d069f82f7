// Processes that are killed, or stopped for longer than their lease.

import { describe, expect, test } from 'vitest'
import { leases, newLease } from '../support/leases'
import { soon } from '../support/member'
import { RedisServer } from '../support/redis-server'
import type { RollcallProcess } from '../support/rollcall-process'
import { type AtEnd, System } from '../support/system'

/** The least that the tests that do not test the default wait for. */
const SHORT_LEASE_MS = 3000
/** A lease, a sweep, which comes every third of one, and what a busy machine takes to tell it. */
const SHORT_GONE_MS = (SHORT_LEASE_MS * 4) / 3 + 500
/** Redis' time is in whole milliseconds. */
const ROUNDED_MS = 1

/** Three nodes with two visitors each, who always come back to their own. */
async function inhabited(atEnd: AtEnd, flags: readonly string[]) {
  const redis = await RedisServer.start()
  atEnd(() => redis.dispose())
  const system = await System.start(atEnd, ['--redis', redis.url, ...flags], 2)
  let lost = undefined as unknown as RollcallProcess
  const id = await newLease(redis, 2, async () => {
    lost = await system.addNode()
  })
  const [one, other] = system.nodes as [RollcallProcess, RollcallProcess]
  const staying = [
    await system.visit('ada', one),
    await system.visit('bob', one),
    await system.visit('cy', other),
    await system.visit('dan', other),
  ]
  const [eve, fay] = [await system.visit('eve', lost), await system.visit('fay', lost)]
  await system.converge()
  return { redis, system, lost, id, staying, eve, fay }
}

/** Kills a node whose clients have nowhere to go; everybody else is told of them once, in time and not before. */
async function loseForGood(atEnd: AtEnd, withinMs: number, flags: readonly string[]): Promise<void> {
  const { redis, system, lost, id, staying } = await inhabited(atEnd, flags)
  await lost.kill()
  const killedAtMs = Date.now()
  const leaseEndMs = (await leases(redis)).get(id) as number
  expect(leaseEndMs).toBeGreaterThan(killedAtMs)
  await system.converge(withinMs * 2, staying)
  for (const { name, leaves, doubles } of staying) {
    const told = leaves.map(({ key, reason }) => ({ key, reason })).sort((a, b) => (a.key < b.key ? -1 : 1))
    expect({ name, told, doubles: [...doubles] }).toEqual({
      name,
      told: [
        { key: 'eve', reason: 'node_lost' },
        { key: 'fay', reason: 'node_lost' },
      ],
      doubles: [],
    })
    for (const { atMs } of leaves) {
      expect(atMs + ROUNDED_MS).toBeGreaterThanOrEqual(leaseEndMs)
      expect(atMs - killedAtMs).toBeLessThanOrEqual(withinMs)
    }
  }
}

describe.concurrent('[S-8] a node that is killed', () => {
  test('by default: its members are gone everywhere within 12 s, and not before its lease', async ({
    onTestFinished,
  }) => {
    await loseForGood(onTestFinished, 12_000, [])
  }, 40_000)

  test('its members are gone a lease and a sweep later', async ({ onTestFinished }) => {
    await loseForGood(onTestFinished, SHORT_GONE_MS, ['--redis-lease-ms', String(SHORT_LEASE_MS)])
  }, 40_000)

  test('[S-26] whoever comes back to another is never seen leaving', async ({ onTestFinished }) => {
    const redis = await RedisServer.start()
    onTestFinished(() => redis.dispose())
    const flags = ['--redis', redis.url, '--redis-lease-ms', String(SHORT_LEASE_MS)]
    const system = await System.start(onTestFinished, flags)
    await system.crowd(9)
    const [lost] = system.nodes as [RollcallProcess]
    system.remove(lost)
    system.bustle(100)
    await lost.kill()
    // All that could be told of them, and more: until nothing is left of the node.
    await soon(async () => expect((await leases(redis)).size).toBe(2), SHORT_LEASE_MS * 2)
    await soon(async () => expect(await redis.command('ZCARD', 'rollcall:{nodes}:d')).toBe(':0'))
    system.rest()
    await system.converge()
    for (const visitor of system.visitors) visitor.update()
    await system.converge()
    system.expectUnseen()
  }, 40_000)
})

describe.concurrent('[S-8] a node that is stopped for longer than its lease', () => {
  test('its members leave as node_lost, and when it goes on every map is right again', async ({
    onTestFinished,
  }) => {
    const flags = ['--redis-lease-ms', String(SHORT_LEASE_MS)]
    const { system, lost, staying, eve, fay } = await inhabited(onTestFinished, flags)
    lost.signal('SIGSTOP')
    await system.converge(SHORT_LEASE_MS * 2, staying)
    for (const { leaves } of staying)
      expect(leaves.map(({ key, reason }) => `${key} ${reason}`).sort()).toEqual([
        'eve node_lost',
        'fay node_lost',
      ])
    // What is said while it is stopped is waiting for it.
    for (const visitor of system.visitors) visitor.update()
    await system.converge(5000, staying)
    lost.signal('SIGCONT')
    await system.converge()
    for (const visitor of system.visitors) visitor.update()
    await system.converge()
    for (const visitor of staying) expect(visitor.leaves).toHaveLength(2)
    for (const { doubles, failures } of system.visitors) expect([[...doubles], failures]).toEqual([[], []])
    // Their connections were there all along, and everybody else was too.
    for (const { leaves } of [eve, fay]) expect(leaves).toEqual([])
  }, 40_000)
})
