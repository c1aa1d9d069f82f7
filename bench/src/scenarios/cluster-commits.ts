import { ClusterStage, whyNoCluster } from '../cluster/cluster-stage'
import type { ClusterScenario, Figures } from './scenario'

const NODES = 3
const HALF_A_CORE = 0.5
/** Changes a second of each node, one step after the other. */
const STEPS = [250, 500, 1000, 1500, 2000, 3000, 4000, 6000]
/** Of what was asked for; with less, the nodes are at their end and not Redis. */
const KEPT_UP = 0.9

export const clusterCommits: ClusterScenario = {
  kind: 'cluster',
  name: 'cluster-commits',
  title:
    'three nodes, one Redis: as many commits as they make, one change each, in 1,000 topics that all follow',
  subjects: ['rollcall'],
  repeats: 1,
  timeoutMs: 120_000,
  figures: [
    { name: 'commitsPerSecond', title: 'commits, the most that kept up', unit: '/s', isMoreBetter: true },
    { name: 'redisShare', title: 'CPU of Redis then, in cores', unit: '' },
    { name: 'nodeShare', title: 'CPU of a node then, in cores', unit: '' },
    { name: 'redisUs', title: 'CPU of Redis per commit', unit: 'µs' },
    { name: 'nodesUs', title: 'CPU of all nodes per commit', unit: 'µs' },
    {
      name: 'halfACore',
      title: 'commits for half a core of Redis, reckoned',
      unit: '/s',
      isMoreBetter: true,
    },
  ],
  targets: [],
  whyNot: whyNoCluster,
  run: (isQuick) => ClusterStage.with(NODES, (stage) => measure(stage, isQuick)),
}

async function measure(stage: ClusterStage, isQuick: boolean): Promise<Figures> {
  const topics = isQuick ? 50 : 1000
  const forMs = isQuick ? 300 : 4000
  const { nodes, redis } = stage
  const calls = () => redis.info('commandstats', /cmdstat_evalsha:calls=(\d+)/)
  await Promise.all(nodes.map((node) => node.ask('track', { topics })))
  await Promise.all(nodes.map((node) => node.ask('rush', { topics, perSecond: 100, forMs })))
  let figures: Figures = {}
  for (const perSecond of isQuick ? STEPS.slice(0, 1) : STEPS) {
    const before = await calls()
    const startedMs = performance.now()
    const cpu = await stage.cpuOf(() =>
      Promise.all(nodes.map((node) => node.ask('rush', { topics, perSecond, forMs }))),
    )
    const seconds = (performance.now() - startedMs) / 1000
    const commits = (await calls()) - before
    const keptUp = commits / seconds >= perSecond * NODES * KEPT_UP
    if (!keptUp && Object.keys(figures).length > 0) break
    const redisUs = (cpu.redis * 1e6) / commits
    figures = {
      commitsPerSecond: commits / seconds,
      redisShare: cpu.redis / seconds,
      nodeShare: cpu.nodes / NODES / seconds,
      redisUs,
      nodesUs: (cpu.nodes * 1e6) / commits,
      halfACore: (HALF_A_CORE * 1e6) / redisUs,
    }
    if (cpu.redis / seconds >= HALF_A_CORE) break
  }
  return figures
}
