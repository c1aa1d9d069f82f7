// Three processes over a Cluster of three masters.

import { expect, onTestFinished, test } from 'vitest'
import { RedisClusterServers } from '../support/redis-cluster'
import type { RollcallProcess } from '../support/rollcall-process'
import { System } from '../support/system'

const LEASE_MS = 3000

test('[S-8] [S-11] over a Cluster: people see each other join, change and leave, and a killed node is cleaned up', async () => {
  const cluster = await RedisClusterServers.start()
  onTestFinished(() => cluster.dispose())
  const addresses = cluster.addresses.map(({ host, port }) => `${host}:${port}`).join(',')
  const flags = ['--redis-cluster', addresses, '--redis-lease-ms', String(LEASE_MS)]
  const system = await System.start(onTestFinished, flags)
  const [one, other, lost] = system.nodes as [RollcallProcess, RollcallProcess, RollcallProcess]
  const [ada, bob] = [await system.visit('ada', one), await system.visit('bob', other)]
  const [cy, dan] = [await system.visit('cy', lost), await system.visit('dan', other)]
  await system.converge()
  for (const visitor of system.visitors) visitor.update()
  await system.converge()
  await dan.channel.leave()
  await system.converge(5000, [ada, bob, cy])
  await lost.kill()
  await system.converge(LEASE_MS * 3, [ada, bob])
  for (const { leaves } of [ada, bob])
    expect(leaves.map(({ key, reason }) => [key, reason])).toEqual([
      ['dan', 'left'],
      ['cy', 'node_lost'],
    ])
}, 40_000)
