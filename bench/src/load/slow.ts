import { readMemory, resetPeak } from '../measure/memory'
import { percentile } from '../measure/percentile'
import type { Client, OnText } from './client'
import { type Crowd, TOPIC } from './crowd'
import { every } from './pace'

export interface SlowTask {
  /** How many never read. */
  readonly slow: number
  readonly updates: number
  readonly durationMs: number
  readonly metaBytes: number
  /** How long nothing must come until everything has. */
  readonly quietMs: number
}

export interface SlowFigures {
  readonly rssGrowthBytes: number
  readonly delayP50Ms: number
  readonly delayP99Ms: number
  readonly cutOff: number
  readonly complete: number
  readonly slowBytesMean: number
}

/** Comes before an update's number in its meta. */
const MARK = Buffer.from('"n":"')

/** Members change their metas while some of the others do not read. Afterwards those read on. */
export async function slowReaders(crowd: Crowd, task: SlowTask): Promise<SlowFigures> {
  const clients = [...crowd.clients]
  const good = clients.slice(0, -task.slow)
  const slow = clients.slice(-task.slow)
  const sentMs: number[] = []
  const delaysMs: number[] = []
  let cutOff = 0
  crowd.onLost = () => {
    cutOff += 1
  }
  // Those with a real map are the first, and so among the good ones.
  crowd.onText = timing(crowd, sentMs, delaysMs)
  for (const client of slow) {
    client.bytes = 0
    client.pause()
  }
  resetPeak(crowd.pid)
  const before = readMemory(crowd.pid).now
  const note = 'x'.repeat(task.metaBytes)
  await every(task.durationMs / task.updates, task.durationMs, (index) => {
    const client = good[index % good.length] as Client
    sentMs[index] = performance.now()
    client.say(crowd.speech.update?.(TOPIC, client.key, { n: String(index), note }) ?? '')
  })
  await crowd.quiet(task.quietMs)
  const rssGrowthBytes = readMemory(crowd.pid).peak - before
  for (const client of slow) client.resume()
  await crowd.quiet(task.quietMs)
  crowd.readMirrors()
  return {
    rssGrowthBytes,
    delayP50Ms: percentile(delaysMs, 0.5),
    delayP99Ms: percentile(delaysMs, 0.99),
    cutOff,
    complete: slow.filter((client) => crowd.clients.has(client) && client.members === clients.length).length,
    slowBytesMean: slow.reduce((sum, { bytes }) => sum + bytes, 0) / slow.length,
  }
}

/** Keeps count as ever, and notes when the updates come to those with a real map. */
function timing(crowd: Crowd, sentMs: readonly number[], delaysMs: number[]): OnText {
  return (client, payload, isCompressed) => {
    if (client.mirror) {
      const nowMs = performance.now()
      for (let at = payload.indexOf(MARK); at >= 0; at = payload.indexOf(MARK, at + 1)) {
        const sent =
          sentMs[Number.parseInt(payload.toString('latin1', at + MARK.length, at + MARK.length + 8), 10)]
        if (sent !== undefined) delaysMs.push(nowMs - sent)
      }
    }
    crowd.keepCount(client, payload, isCompressed)
  }
}
