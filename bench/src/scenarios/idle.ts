import { pass } from '../load/pace'
import { settledMemory } from '../measure/settled-memory'
import type { Figures, ServerScenario } from './scenario'
import { atMost } from './target'

const PER_ROOM = 10
/** Who come first, so that what is loaded at the first connection is not counted. */
const FIRST = 20
/**
 * Node's space for young objects grows to 32 MiB while a crowd connects, whatever the number of connections. V8 gives
 * it back once the process has allocated little for a while, and looks at that some seconds apart.
 */
const QUIET_MS = 60_000

export const idle: ServerScenario = {
  kind: 'server',
  name: 'idle',
  title: '5,000 joined connections in rooms of 10, in a fresh process',
  subjects: ['rollcall', 'plain-ws', 'socket-io', 'bun'],
  repeats: 1,
  timeoutMs: 260_000,
  figures: [
    { name: 'bytesAtFirst', title: 'RSS per connection, as soon as all have joined', unit: 'KiB' },
    { name: 'bytesQuiet', title: 'RSS per connection, after a quiet minute', unit: 'KiB', isCharted: true },
    { name: 'bytesCollected', title: 'RSS per connection, after a full collection', unit: 'KiB' },
  ],
  targets: [atMost('at most 8 KiB of RSS per joined connection', ['rollcall', 'bytesQuiet'], 8 * 1024)],
  async run({ subject, load, isQuick }): Promise<Figures> {
    const count = isQuick ? 100 : 5_000
    const steadyMs = isQuick ? 300 : 2_000
    await load.do('seat', { count: FIRST, perRoom: PER_ROOM }, 30_000)
    await subject.collectGarbage()
    const before = await settledMemory(subject.pid, steadyMs)
    await load.do('seat', { count, perRoom: PER_ROOM }, 60_000)
    const atFirst = await settledMemory(subject.pid, steadyMs)
    await pass(isQuick ? 300 : QUIET_MS)
    const quiet = await settledMemory(subject.pid, steadyMs)
    await subject.collectGarbage()
    const collected = await settledMemory(subject.pid, steadyMs)
    const perConnection = (bytes: number) => (bytes - before) / count
    return {
      bytesAtFirst: perConnection(atFirst),
      bytesQuiet: perConnection(quiet),
      bytesCollected: perConnection(collected),
    }
  },
}
