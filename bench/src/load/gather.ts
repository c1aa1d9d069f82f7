import type { Crowd } from './crowd'

export interface GatherTask {
  readonly count: number
  /** Of how many a real map is kept. */
  readonly mirrors?: number
  /** Whether they have left as soon as they drop. */
  readonly isWithoutGrace?: boolean
  /** Members who are there already, without a connection: `bot-0` and on. */
  readonly bots?: number
}

/** How long nothing must come for a topic to be at rest. */
const QUIET_MS = 300

/** Members of one topic, all of whom know of each other. */
export async function gather(crowd: Crowd, task: GatherTask): Promise<void> {
  const { count, mirrors, isWithoutGrace = false, bots = 0 } = task
  if (isWithoutGrace) crowd.speech = crowd.speech.withoutGrace ?? crowd.speech
  const clients = await crowd.connect(count, mirrors)
  const isTold = crowd.speech.join('', '', {}) !== undefined
  const held = isTold ? crowd.allHold(count + bots) : undefined
  for (const client of clients) crowd.join(client)
  await held
  await crowd.quiet(QUIET_MS)
  if (isTold) crowd.verify([...crowd.keys(), ...botKeys(bots)])
}

const botKeys = (count: number) => Array.from({ length: count }, (_none, index) => `bot-${index}`)
