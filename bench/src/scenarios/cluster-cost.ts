import { Audience } from '../cluster/audience'
import { ClusterStage, whyNoCluster } from '../cluster/cluster-stage'
import { every, pass } from '../load/pace'
import type { ClusterScenario, FigureKind, Figures } from './scenario'

/** Nodes, and members of each topic. */
const COURSES = [
  [1, 30],
  [2, 30],
  [3, 30],
  [3, 10],
  [3, 100],
  [3, 1000],
] as const
const TOPICS = 10
/** Of all topics together: so few that each change is a flush of its own. */
const PER_SECOND = 50

const nameOf = (nodes: number, members: number) => `${nodes}x${members}`

const figures: readonly FigureKind[] = COURSES.flatMap(([nodes, members]) => {
  const where = `${nodes} node${nodes > 1 ? 's' : ''}, ${members.toLocaleString('en')} members`
  return [
    {
      name: `nodes${nameOf(nodes, members)}`,
      title: `${where}: CPU of all nodes per change`,
      unit: 'µs' as const,
    },
    {
      name: `redis${nameOf(nodes, members)}`,
      title: `${where}: CPU of Redis per change`,
      unit: 'µs' as const,
    },
  ]
})

export const clusterCost: ClusterScenario = {
  kind: 'cluster',
  name: 'cluster-cost',
  title: 'what one change of a meta costs, by nodes and by members of its topic',
  subjects: ['rollcall'],
  repeats: 1,
  timeoutMs: 240_000,
  figures,
  targets: [],
  whyNot: whyNoCluster,
  async run(isQuick) {
    const all: Record<string, number> = {}
    for (const [nodes, members] of COURSES) {
      if (isQuick && members > 30) continue
      const { nodesUs, redisUs } = await ClusterStage.with(nodes, (stage) => measure(stage, members, isQuick))
      all[`nodes${nameOf(nodes, members)}`] = nodesUs as number
      all[`redis${nameOf(nodes, members)}`] = redisUs as number
    }
    return all
  },
}

async function measure(stage: ClusterStage, count: number, isQuick: boolean): Promise<Figures> {
  const [warmUpMs, measuredMs] = isQuick ? [100, 500] : [3000, 8000]
  const audience = new Audience(stage)
  try {
    const members = await audience.connect(count)
    const topicOf = (index: number) => `room:${index % TOPICS}`
    for (const [index, member] of members.entries())
      for (let i = 0; i < TOPICS; i++) audience.join(member, topicOf(i), index === 0)
    await audience.allSee(count, 60_000)
    const change = (n: number) =>
      audience.change(members[(n * 7) % count] as (typeof members)[number], topicOf(n))
    await every(1000 / PER_SECOND, warmUpMs, change)
    await pass(warmUpMs / 3)
    // What they take without any change.
    const idle = await stage.cpuOf(() => pass(measuredMs / 2))
    let changes = 0
    const busy = await stage.cpuOf(async () => {
      changes = await every(1000 / PER_SECOND, measuredMs, change)
      await Promise.race([pass(100), audience.failed])
    })
    const usOf = (all: number, idleOnly: number) => ((all - idleOnly * 2) * 1e6) / changes
    return { nodesUs: usOf(busy.nodes, idle.nodes), redisUs: usOf(busy.redis, idle.redis) }
  } finally {
    audience.end()
  }
}
