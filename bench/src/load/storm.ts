import { readCpuSeconds } from '../measure/cpu'
import { readMemory, resetPeak } from '../measure/memory'
import type { Crowd } from './crowd'

export interface StormFigures {
  readonly cpuSeconds: number
  readonly wallSeconds: number
  readonly framesMean: number
  readonly framesMax: number
  readonly bytesMean: number
  readonly bytesMax: number
  readonly peakRssBytes: number
}

/** All who are connected join one topic at once. Done when each of them has the whole map. */
export async function storm(crowd: Crowd): Promise<StormFigures> {
  const clients = [...crowd.clients]
  for (const client of clients) {
    client.bytes = 0
    client.frames = 0
  }
  resetPeak(crowd.pid)
  const cpu = readCpuSeconds(crowd.pid)
  const startedMs = performance.now()
  const held = crowd.allHold(clients.length)
  for (const client of clients) crowd.join(client)
  await held
  const wallSeconds = (performance.now() - startedMs) / 1000
  const cpuSeconds = readCpuSeconds(crowd.pid) - cpu
  crowd.verify(crowd.keys())
  const frames = clients.map((client) => client.frames)
  const bytes = clients.map((client) => client.bytes)
  return {
    cpuSeconds,
    wallSeconds,
    framesMean: mean(frames),
    framesMax: Math.max(...frames),
    bytesMean: mean(bytes),
    bytesMax: Math.max(...bytes),
    peakRssBytes: readMemory(crowd.pid).peak,
  }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
