import { Audience } from '../cluster/audience'
import { ClusterStage, whyNoCluster } from '../cluster/cluster-stage'
import { pass } from '../load/pace'
import { settledMemory } from '../measure/settled-memory'
import type { ClusterScenario, Figures } from './scenario'
import { atMost } from './target'

const NODES = 3
/** Topics that each connection is in, and members that each topic has. */
const EACH = 10

export const clusterCrowd: ClusterScenario = {
  kind: 'cluster',
  name: 'cluster-crowd',
  title:
    'three nodes, one Redis: 2,000 connections in 10 topics each, which are 20,000 presences in 2,000 topics',
  subjects: ['rollcall'],
  repeats: 1,
  timeoutMs: 180_000,
  figures: [
    { name: 'wallSeconds', title: 'until every map is complete', unit: 's' },
    { name: 'nodeCpuSeconds', title: 'CPU of a node for that', unit: 's' },
    { name: 'redisCpuSeconds', title: 'CPU of Redis for that', unit: 's' },
    { name: 'nodeRssBytes', title: 'RSS of a node', unit: 'MiB' },
    { name: 'nodeBytes', title: 'growth of RSS on all nodes, per presence', unit: 'KiB' },
    { name: 'redisBytes', title: 'used_memory of Redis, per presence', unit: 'bytes' },
    { name: 'idleNodeShare', title: 'CPU of a node while nothing changes, in cores', unit: '' },
    { name: 'idleRedisShare', title: 'CPU of Redis while nothing changes, in cores', unit: '' },
    { name: 'recoverySeconds', title: 'Redis emptied: until every map is complete again', unit: 's' },
    { name: 'recoveryNodeCpuSeconds', title: 'CPU of a node for that', unit: 's' },
    { name: 'recoveryRedisCpuSeconds', title: 'CPU of Redis for that', unit: 's' },
    { name: 'seenMoving', title: 'seen going or coming then, over all maps', unit: '' },
  ],
  targets: [
    atMost('20,000 presences in 2,000 topics', ['rollcall', 'wallSeconds'], Number.POSITIVE_INFINITY),
    atMost('nobody is seen going or coming when Redis is emptied', ['rollcall', 'seenMoving'], 0),
  ],
  whyNot: whyNoCluster,
  run: (isQuick) => ClusterStage.with(NODES, (stage) => measure(stage, isQuick)),
}

async function measure(stage: ClusterStage, isQuick: boolean): Promise<Figures> {
  const count = isQuick ? 50 : 2000
  const steadyMs = isQuick ? 300 : 2000
  const presences = count * EACH
  const { nodes, redis } = stage
  const usedBytes = () => redis.info('memory', /used_memory:(\d+)/)
  const rssBytes = async () => {
    await Promise.all(nodes.map((node) => node.collectGarbage()))
    const each = await Promise.all(nodes.map(({ pid }) => settledMemory(pid, steadyMs)))
    return each.reduce((sum, bytes) => sum + bytes, 0)
  }
  const audience = new Audience(stage)
  try {
    const rssBefore = await rssBytes()
    const usedBefore = await usedBytes()
    const members = await audience.connect(count)
    const startedMs = performance.now()
    const joining = await stage.cpuOf(async () => {
      for (const [index, member] of members.entries())
        for (let i = 0; i < EACH; i++)
          audience.join(member, `room:${(index + (i * count) / EACH) % count}`, true)
      await audience.allSee(EACH, 120_000)
    })
    const wallSeconds = (performance.now() - startedMs) / 1000
    const rss = await rssBytes()
    const used = await usedBytes()
    const idle = await stage.cpuOf(() => pass(steadyMs * 2))
    const idleSeconds = (steadyMs * 2) / 1000
    // Whoever is missing in a state that a map is given comes later, with a diff.
    let seenMoving = 0
    audience.onDiff = (_member, { joins, leaves }) => {
      seenMoving += joins.length + leaves.length
    }
    const flushedMs = performance.now()
    const recovery = await stage.cpuOf(async () => {
      await redis.flush()
      await audience.allSeeAnew(EACH, 60_000)
    })
    const recoverySeconds = (performance.now() - flushedMs) / 1000
    return {
      recoverySeconds,
      recoveryNodeCpuSeconds: recovery.nodes / NODES,
      recoveryRedisCpuSeconds: recovery.redis,
      seenMoving,
      wallSeconds,
      nodeCpuSeconds: joining.nodes / NODES,
      redisCpuSeconds: joining.redis,
      nodeRssBytes: rss / NODES,
      nodeBytes: (rss - rssBefore) / presences,
      redisBytes: (used - usedBefore) / presences,
      idleNodeShare: idle.nodes / NODES / idleSeconds,
      idleRedisShare: idle.redis / idleSeconds,
    }
  } finally {
    audience.end()
  }
}
