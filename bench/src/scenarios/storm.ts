import type { StormFigures } from '../load/storm'
import type { SubjectName } from '../subjects/speeches'
import type { FigureKind, Scenario, ServerScenario, Target } from './scenario'
import { atMost, atMostShareOf } from './target'

const KIB = 1024
const MIB = 1024 * KIB
const QUICK_COUNT = 50

const figures: readonly FigureKind[] = [
  { name: 'cpuSeconds', title: 'server CPU', unit: 's', isCharted: true },
  { name: 'wallSeconds', title: 'until all are complete', unit: 's' },
  { name: 'framesMean', title: 'frames per client, mean', unit: '' },
  { name: 'framesMax', title: 'frames per client, most', unit: '' },
  { name: 'bytesMean', title: 'bytes per client, mean', unit: 'KiB' },
  { name: 'bytesMax', title: 'bytes per client, most', unit: 'KiB' },
  { name: 'peakRssBytes', title: 'peak RSS', unit: 'MiB' },
  { name: 'stallMs', title: 'longest event-loop stall', unit: 'ms' },
]

const storm = (
  count: number,
  more: Pick<ServerScenario, 'subjects' | 'repeats' | 'timeoutMs' | 'targets'>,
): ServerScenario => ({
  kind: 'server',
  name: `storm-${count}`,
  title: `${count.toLocaleString('en')} join one topic at once`,
  figures,
  ...more,
  async run({ subject, load, isQuick }) {
    await load.do('warmUp', { isQuick }, 60_000)
    await load.do('connect', { count: isQuick ? QUICK_COUNT : count }, 60_000)
    await subject.resetLoop()
    const stormed = await load.do<StormFigures>('storm', {}, more.timeoutMs)
    return { ...stormed, stallMs: (await subject.readLoop()).maxMs }
  },
})

const all: readonly SubjectName[] = ['rollcall', 'rollcall+deflate', 'plain-ws', 'socket-io', 'bun']
/** Of the others each client would get a message of each other: no end of them. */
const own: readonly SubjectName[] = ['rollcall', 'rollcall+deflate']

const largest: readonly Target[] = own.flatMap((name) => [
  atMost(`${name}: completes`, [name, 'wallSeconds'], Number.POSITIVE_INFINITY),
  atMost(`${name}: no event-loop stall over 250 ms`, [name, 'stallMs'], 250),
  atMost(`${name}: RSS under 400 MiB`, [name, 'peakRssBytes'], 400 * MIB),
])

export const storms: readonly Scenario[] = [
  storm(1_000, {
    subjects: all,
    repeats: 3,
    timeoutMs: 90_000,
    targets: [
      // As browsers connect, and as they would if compression were off.
      atMostShareOf("server CPU under half of Bun's", ['rollcall+deflate', 'cpuSeconds'], 0.5, 'bun'),
      atMostShareOf('the same without compression', ['rollcall', 'cpuSeconds'], 0.5, 'bun'),
      atMost('at most 6 frames per client', ['rollcall', 'framesMax'], 6),
      atMost('under 20 KiB per client, compressed', ['rollcall+deflate', 'bytesMax'], 20 * KIB),
    ],
  }),
  storm(5_000, { subjects: own, repeats: 1, timeoutMs: 90_000, targets: [] }),
  storm(10_000, { subjects: own, repeats: 1, timeoutMs: 180_000, targets: largest }),
]
