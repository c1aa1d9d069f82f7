import type { ResumeFigures } from '../load/absence'
import type { Figures, ServerScenario } from './scenario'

const TOPIC = 'room:bench'

export const resume: ServerScenario = {
  kind: 'server',
  name: 'resume',
  title: '1,000 reconnect at once to a topic of 10,000',
  subjects: ['rollcall'],
  repeats: 1,
  timeoutMs: 120_000,
  figures: [
    { name: 'cpuSeconds', title: 'server CPU', unit: 's' },
    { name: 'wallSeconds', title: 'until all are up to date', unit: 's' },
    { name: 'bytesMean', title: 'bytes per client, mean', unit: 'KiB' },
    { name: 'bytesMax', title: 'bytes per client, most', unit: 'KiB' },
    { name: 'snapshots', title: 'clients that were sent the whole state', unit: '' },
  ],
  targets: [],
  async run({ subject, load, isQuick }): Promise<Figures> {
    const [count, bots] = isQuick ? [20, 100] : [1_000, 9_000]
    await subject.ask('track', { topic: TOPIC, count: bots })
    await load.do('gather', { count, bots }, 60_000)
    await load.do('drop', {}, 10_000)
    // What they miss while they are away.
    await subject.ask('touch', { topic: TOPIC, count: 10 })
    return { ...(await load.do<ResumeFigures>('resume', {}, 40_000)) }
  },
}
