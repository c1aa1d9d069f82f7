import { HonestCrowd } from '../support/honest-crowd'
import type { CrowdOrder, CrowdReport } from './crowd-process'
import { honestToken } from './honest-token'

/*
 * The honest, in a process of their own: what they see late is then the server's doing, and not the attacker's, who may
 * have the other core.
 */

/** Changes of each person. */
const CHANGE_EVERY_MS = 500

let crowd: HonestCrowd | null = null

process.on('message', (order: CrowdOrder) => void obey(order))
process.on('disconnect', () => process.exit())

async function obey(order: CrowdOrder): Promise<void> {
  try {
    answer(await reportOn(order))
  } catch (error) {
    answer({ latenciesMs: [], lost: 0, violations: [String(error)] })
  }
}

async function reportOn(order: CrowdOrder): Promise<CrowdReport> {
  if (order.kind === 'enter') {
    const { port, people, rooms, secret } = order
    const tokenOf = (name: string) => honestToken(secret, name)
    crowd = await HonestCrowd.enter({ port, people, rooms, tokenOf })
    crowd.start(CHANGE_EVERY_MS)
  }
  if (!crowd) throw new Error('Nobody has entered.')
  if (order.kind === 'check') {
    crowd.stop()
    await crowd.pulse()
    crowd.start(CHANGE_EVERY_MS)
  }
  const lost = crowd.lostConnections
  crowd.lostConnections = 0
  return { latenciesMs: crowd.takeLatencies(), lost, violations: crowd.violations.splice(0) }
}

function answer(report: CrowdReport): void {
  process.send?.(report)
}
