import { settledMemory } from '../measure/settled-memory'
import type { Figures, ServerScenario } from './scenario'
import { atMost } from './target'

const PER_ROOM = 10
/** Who come first, so that what is loaded at the first connection is not counted. */
const FIRST = 20

const common = {
  kind: 'server',
  subjects: ['rollcall', 'plain-ws', 'socket-io', 'bun'],
  repeats: 1,
  timeoutMs: 200_000,
  figures: [
    { name: 'bytesAsIs', title: 'RSS per connection', unit: 'KiB', isCharted: true },
    { name: 'bytesCollected', title: 'RSS per connection, after a full collection', unit: 'KiB' },
  ],
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
} satisfies Partial<ServerScenario>

export const idle: ServerScenario = {
  ...common,
  name: 'idle',
  title: '5,000 joined connections in rooms of 10, in a fresh process',
  targets: [],
}

/**
 * Node lets the space for young objects grow to 32 MiB and more while a crowd connects, and keeps it: a fixed amount,
 * whatever the number of connections, and with 5,000 of them most of what is seen. With this flag it stays small.
 */
export const idleSmallYoung: ServerScenario = {
  ...common,
  name: 'idle-small-young',
  title: 'the same, Node started with --max-semi-space-size=2',
  nodeFlags: ['--max-semi-space-size=2'],
  targets: [atMost('at most 8 KiB of RSS per joined connection', ['rollcall', 'bytesAsIs'], 8 * 1024)],
}
