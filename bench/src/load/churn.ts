import { readCpuSeconds } from '../measure/cpu'
import { percentile } from '../measure/percentile'
import type { Client } from './client'
import type { Crowd } from './crowd'
import { every, pass } from './pace'

export interface ChurnTask {
  readonly joinsPerSecond: number
  readonly warmUpMs: number
  readonly measuredMs: number
}

export interface ChurnFigures {
  readonly cpuMsPerJoin: number
  readonly visibleP50Ms: number
  readonly visibleP99Ms: number
}

/** A join, and who of those with a real map has seen it. */
interface Sighting {
  readonly sentMs: number
  readonly seenBy: Set<Client>
}

/** How long nothing must come until everybody is up to date. */
const QUIET_MS = 500

/** Members come and go, spread evenly over time: as many go as come. Those with a real map stay, and watch. */
export async function churn(crowd: Crowd, task: ChurnTask): Promise<ChurnFigures> {
  const sightings = new Map<string, Sighting>()
  const delaysMs: number[] = []
  crowd.readMirrors()
  crowd.onSeen = (client, keys) => {
    const nowMs = performance.now()
    for (const key of keys) {
      const sighting = sightings.get(key)
      if (!sighting || sighting.seenBy.has(client)) continue
      sighting.seenBy.add(client)
      delaysMs.push(nowMs - sighting.sentMs)
    }
  }
  const leaving = [...crowd.clients].filter(({ mirror }) => !mirror)
  let opening = 0
  let drops = 0

  const turn = async (isMeasured: boolean) => {
    opening += 1
    const goer = leaving.shift()
    const comer = await crowd.open(crowd.newKey())
    if (isMeasured) sightings.set(comer.key, { sentMs: performance.now(), seenBy: new Set() })
    crowd.join(comer)
    leaving.push(comer)
    if (goer) {
      crowd.remove(goer)
      // Half of them say so, and half of them break off.
      if (drops++ % 2 === 0) goer.close()
      else goer.destroy()
    }
    opening -= 1
  }
  const periodMs = 1000 / task.joinsPerSecond
  await every(periodMs, task.warmUpMs, () => crowd.follow(turn(false)))
  const cpu = readCpuSeconds(crowd.pid)
  const joins = await every(periodMs, task.measuredMs, () => crowd.follow(turn(true)))
  while (opening > 0) await pass(periodMs)
  await crowd.allHold(crowd.clients.size)
  // Not before: a server that cannot keep up would be spared the rest of its work.
  const cpuSeconds = readCpuSeconds(crowd.pid) - cpu

  await crowd.quiet(QUIET_MS)
  crowd.verify(crowd.keys())
  return {
    cpuMsPerJoin: (cpuSeconds * 1000) / joins,
    visibleP50Ms: percentile(delaysMs, 0.5),
    visibleP99Ms: percentile(delaysMs, 0.99),
  }
}
