import type { ChurnFigures } from '../load/churn'
import type { Figures, ServerScenario } from './scenario'
import { atMost, atMostShareOf } from './target'

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
    atMostShareOf(
      "CPU per join at most 0.206 of plain ws's (2 of 9.7 ms, where that was measured)",
      ['rollcall', 'cpuMsPerJoin'],
      2 / 9.7,
      'plain-ws',
    ),
    atMost('visible to others within 250 ms at p99', ['rollcall', 'visibleP99Ms'], 250),
  ],
  async run({ load, isQuick }): Promise<Figures> {
    const count = isQuick ? 40 : 500
    await load.do('gather', { count, mirrors: OBSERVERS, isWithoutGrace: true }, 40_000)
    const [warmUpMs, measuredMs] = isQuick ? [100, 300] : [2_000, 10_000]
    return { ...(await load.do<ChurnFigures>('churn', { joinsPerSecond: 50, warmUpMs, measuredMs }, 40_000)) }
  },
}
