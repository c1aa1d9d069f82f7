import { Audience } from '../cluster/audience'
import { ClusterStage, whyNoCluster } from '../cluster/cluster-stage'
import { every, pass } from '../load/pace'
import { percentile } from '../measure/percentile'
import type { ClusterScenario, Figures } from './scenario'
import { atMost } from './target'

const NODES = 3
const PER_TOPIC = 30
const PER_SECOND = 500
/** What is under way when the last change was sent. */
const TAIL_MS = 1000

export const clusterVisibility: ClusterScenario = {
  kind: 'cluster',
  name: 'cluster-visibility',
  title: 'three nodes, one Redis: 50 topics of 30 members, 500 changes of metas a second',
  subjects: ['rollcall'],
  repeats: 1,
  timeoutMs: 90_000,
  figures: [
    { name: 'p50Ms', title: 'until seen on another node, p50', unit: 'ms' },
    { name: 'p99Ms', title: 'until seen on another node, p99', unit: 'ms' },
    { name: 'sightings', title: 'changes seen on another node', unit: '' },
    { name: 'nodeShare', title: 'CPU of a node, in cores', unit: '' },
    { name: 'redisShare', title: 'CPU of Redis, in cores', unit: '' },
  ],
  targets: [
    atMost('seen on another node within 50 ms at p50', ['rollcall', 'p50Ms'], 50),
    atMost('seen on another node within 150 ms at p99', ['rollcall', 'p99Ms'], 150),
  ],
  whyNot: whyNoCluster,
  run: (isQuick) => ClusterStage.with(NODES, (stage) => measure(stage, isQuick)),
}

async function measure(stage: ClusterStage, isQuick: boolean): Promise<Figures> {
  const topics = isQuick ? 2 : 50
  const [warmUpMs, measuredMs] = isQuick ? [200, 1000] : [3000, 15_000]
  const audience = new Audience(stage)
  try {
    const members = await audience.connect(topics * PER_TOPIC)
    const topicOf = (index: number) => `room:${Math.floor(index / PER_TOPIC)}`
    // One on each node looks; the others are there to be told, too.
    for (const [index, member] of members.entries())
      audience.join(member, topicOf(index), index % PER_TOPIC < NODES)
    await audience.allSee(PER_TOPIC, 30_000)

    const delaysMs: number[] = []
    let sinceMs = Number.POSITIVE_INFINITY
    audience.onDiff = ({ node }, { updates }) => {
      const nowMs = performance.now()
      for (const { meta } of updates) {
        const sentMs = Number(meta.at)
        if (Number(meta.node) !== node && sentMs >= sinceMs) delaysMs.push(nowMs - sentMs)
      }
    }
    const stride = PER_TOPIC + 1
    const change = (n: number) => {
      // Topic after topic, and in each another member every time.
      const index = (n * stride) % members.length
      audience.change(members[index] as (typeof members)[number], topicOf(index))
    }
    await every(1000 / PER_SECOND, warmUpMs, change)
    sinceMs = performance.now()
    const cpu = await stage.cpuOf(() => every(1000 / PER_SECOND, measuredMs, change))
    await Promise.race([pass(TAIL_MS), audience.failed])
    const seconds = measuredMs / 1000
    return {
      p50Ms: percentile(delaysMs, 0.5),
      p99Ms: percentile(delaysMs, 0.99),
      sightings: delaysMs.length,
      nodeShare: cpu.nodes / NODES / seconds,
      redisShare: cpu.redis / seconds,
    }
  } finally {
    audience.end()
  }
}
