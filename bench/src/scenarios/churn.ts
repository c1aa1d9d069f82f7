import type { ChurnFigures } from '../load/churn'
import type { Figures, ServerScenario } from './scenario'
import { atMost } from './target'

const OBSERVERS = 20

export const churn: ServerScenario = {
  kind: 'server',
  name: 'churn',
  title: '500 members, 50 joins and 50 drops a second',
  subjects: ['rollcall', 'plain-ws', 'socket-io', 'bun'],
  repeats: 1,
  timeoutMs: 60_000,
  figures: [
    { name: 'cpuMsPerJoin', title: 'server CPU per join and drop', unit: 'ms', isCharted: true },
    { name: 'visibleP50Ms', title: 'until others see a join, p50', unit: 'ms' },
    { name: 'visibleP99Ms', title: 'until others see a join, p99', unit: 'ms' },
  ],
  targets: [
    atMost('CPU per join at most 2 ms', ['rollcall', 'cpuMsPerJoin'], 2),
    atMost('visible to others within 250 ms at p99', ['rollcall', 'visibleP99Ms'], 250),
  ],
  async run({ load, isQuick }): Promise<Figures> {
    const count = isQuick ? 40 : 500
    await load.do('gather', { count, mirrors: OBSERVERS, isWithoutGrace: true }, 40_000)
    const [warmUpMs, measuredMs] = isQuick ? [100, 300] : [2_000, 10_000]
    return { ...(await load.do<ChurnFigures>('churn', { joinsPerSecond: 50, warmUpMs, measuredMs }, 40_000)) }
  },
}
