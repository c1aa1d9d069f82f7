import type { FanoutFigures } from '../load/fanout'
import type { Figures, Scenario, Stage } from './scenario'
import { atMostShareOf } from './target'

const STEP_TIMEOUT_MS = 40_000

/** Messages to the members of one topic, with so many on their way at a time. */
async function publish({ load, isQuick }: Stage, inFlight: number): Promise<FanoutFigures> {
  await load.do('gather', { count: isQuick ? 20 : 500 }, STEP_TIMEOUT_MS)
  const [warmUpMs, measuredMs] = isQuick ? [50, 200] : [2_000, 5_000]
  return load.do('fanout', { inFlight, warmUpMs, measuredMs }, STEP_TIMEOUT_MS)
}

export const fanout: Scenario = {
  kind: 'server',
  name: 'fanout',
  title: '500 subscribers, messages of 64 bytes, 8 in flight',
  subjects: ['rollcall', 'plain-ws', 'socket-io', 'bun', 'raw-net'],
  repeats: 3,
  timeoutMs: 60_000,
  figures: [
    { name: 'cpuUsPerDelivery', title: 'server CPU per delivered message', unit: 'µs', isCharted: true },
    { name: 'deliveriesPerSecond', title: 'delivered messages', unit: '/s', isMoreBetter: true },
  ],
  targets: [
    atMostShareOf('CPU per delivered message no more than Bun', ['rollcall', 'cpuUsPerDelivery'], 1, 'bun'),
    atMostShareOf(
      'CPU per delivered message under a quarter of raw net',
      ['rollcall', 'cpuUsPerDelivery'],
      0.25,
      'raw-net',
    ),
  ],
  async run(stage): Promise<Figures> {
    const { cpuUsPerDelivery, deliveriesPerSecond } = await publish(stage, 8)
    return { cpuUsPerDelivery, deliveriesPerSecond }
  },
}

export const latency: Scenario = {
  kind: 'server',
  name: 'latency',
  title: '500 subscribers, messages of 64 bytes, 1 in flight',
  subjects: ['rollcall', 'plain-ws', 'socket-io', 'bun', 'raw-net'],
  repeats: 3,
  timeoutMs: 60_000,
  figures: [
    { name: 'lastP50Ms', title: 'to the last of them, p50', unit: 'ms', isCharted: true },
    { name: 'lastP99Ms', title: 'to the last of them, p99', unit: 'ms' },
    { name: 'medianP50Ms', title: 'to the median one, p50', unit: 'ms' },
    { name: 'medianP99Ms', title: 'to the median one, p99', unit: 'ms' },
  ],
  targets: [atMostShareOf('p50 no worse than plain ws', ['rollcall', 'lastP50Ms'], 1, 'plain-ws')],
  async run(stage): Promise<Figures> {
    const { lastP50Ms, lastP99Ms, medianP50Ms, medianP99Ms } = await publish(stage, 1)
    return { lastP50Ms, lastP99Ms, medianP50Ms, medianP99Ms }
  },
}
