import type { SlowFigures } from '../load/slow'
import type { Figures, ServerScenario } from './scenario'

const OBSERVERS = 20

export const slowReaders: ServerScenario = {
  kind: 'server',
  name: 'slow-readers',
  title: '500 members of whom 100 do not read, 2,000 updates of 4 KiB in 10 s',
  subjects: ['rollcall', 'plain-ws', 'socket-io', 'bun'],
  repeats: 1,
  timeoutMs: 120_000,
  figures: [
    { name: 'rssGrowthBytes', title: 'most that RSS grew by', unit: 'MiB', isCharted: true },
    { name: 'delayP50Ms', title: 'update to the others, p50', unit: 'ms' },
    { name: 'delayP99Ms', title: 'update to the others, p99', unit: 'ms' },
    { name: 'cutOff', title: 'slow readers that were cut off', unit: '' },
    { name: 'complete', title: 'slow readers complete once they read on', unit: '', isMoreBetter: true },
    { name: 'slowBytesMean', title: 'bytes that a slow reader then read', unit: 'MiB' },
  ],
  targets: [],
  async run({ load, isQuick }): Promise<Figures> {
    await load.do('gather', { count: isQuick ? 30 : 500, mirrors: isQuick ? 3 : OBSERVERS }, 40_000)
    const task = isQuick
      ? { slow: 5, updates: 20, durationMs: 200, metaBytes: 500, quietMs: 300 }
      : { slow: 100, updates: 2_000, durationMs: 10_000, metaBytes: 4_096, quietMs: 1_000 }
    return { ...(await load.do<SlowFigures>('slow', task, 80_000)) }
  },
}
