import { runProgram } from '../run/run-program'
import type { ClientScenario, Figures } from './scenario'
import { atMost } from './target'

export const clientApply: ClientScenario = {
  kind: 'client',
  name: 'client-apply',
  title: 'the client: one diff at 100,000 members, and a snapshot of 10,000',
  subjects: ['rollcall'],
  repeats: 1,
  timeoutMs: 60_000,
  figures: [
    { name: 'diffMeanUs', title: 'to parse and apply a diff of one change, mean', unit: 'µs' },
    { name: 'diffP50Us', title: 'to parse and apply a diff of one change, p50', unit: 'µs' },
    { name: 'parseP50Us', title: 'of that JSON.parse alone, p50', unit: 'µs' },
    { name: 'applyP50Us', title: 'and the client, p50', unit: 'µs' },
    { name: 'diffP99Us', title: 'to parse and apply a diff of one change, p99', unit: 'µs' },
    { name: 'snapshotMs', title: 'to parse and apply a snapshot', unit: 'ms' },
  ],
  targets: [atMost('applying one diff at 100,000 members at most 5 µs', ['rollcall', 'applyP50Us'], 5)],
  async run(isQuick): Promise<Figures> {
    return JSON.parse(await runProgram('apply', isQuick ? ['--quick'] : [], 50_000))
  },
}
