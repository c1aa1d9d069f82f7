import { settledMemory } from '../measure/settled-memory'
import type { Figures, ServerScenario } from './scenario'
import { atMost } from './target'

const PER_ROOM = 10
/** Who come first, so that what is loaded at the first connection is not counted. */
const FIRST = 20

export const idle: ServerScenario = {
  kind: 'server',
  name: 'idle',
  title: '5,000 joined connections in rooms of 10, in a fresh process',
  subjects: ['rollcall', 'plain-ws', 'socket-io', 'bun'],
  repeats: 1,
  timeoutMs: 200_000,
  figures: [
    { name: 'bytesAsIs', title: 'RSS per connection', unit: 'KiB', isCharted: true },
    { name: 'bytesCollected', title: 'RSS per connection, after a full collection', unit: 'KiB' },
  ],
  targets: [atMost('at most 8 KiB of RSS per joined connection', ['rollcall', 'bytesAsIs'], 8 * 1024)],
  async run({ subject, load, isQuick }): Promise<Figures> {
    const count = isQuick ? 100 : 5_000
    const steadyMs = isQuick ? 300 : 2_000
    await load.do('seat', { count: FIRST, perRoom: PER_ROOM }, 30_000)
    await subject.collectGarbage()
    const before = await settledMemory(subject.pid, steadyMs)
    await load.do('seat', { count, perRoom: PER_ROOM }, 60_000)
    const asIs = await settledMemory(subject.pid, steadyMs)
    await subject.collectGarbage()
    const collected = await settledMemory(subject.pid, steadyMs)
    return { bytesAsIs: (asIs - before) / count, bytesCollected: (collected - before) / count }
  },
}
