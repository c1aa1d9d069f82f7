import type { Crowd } from './crowd'
import { pass } from './pace'

const ROUNDS = 5
const MEMBERS = 400
const QUICK_MEMBERS = 20
/** Time in which a server may tidy up after those who went, and its runtime may finish compiling. */
const REST_MS = 1_000

export interface WarmUpTask {
  /** Small numbers. */
  readonly isQuick: boolean
}

/**
 * Crowds that join a topic of their own and go again, so that a server which has been serving is measured, and not how
 * its runtime compiles what it runs for the first time.
 */
export async function warmUp(crowd: Crowd, { isQuick }: WarmUpTask): Promise<void> {
  const { speech } = crowd
  const members = isQuick ? QUICK_MEMBERS : MEMBERS
  crowd.speech = speech.withoutGrace ?? speech
  for (let round = 0; round < ROUNDS; round++) {
    const clients = await crowd.connect(members)
    const held = crowd.allHold(members)
    for (const client of clients) crowd.join(client, `room:warm-up-${round}`)
    await held
    for (const client of clients) {
      crowd.remove(client)
      client.close()
    }
  }
  crowd.speech = speech
  await pass(isQuick ? 0 : REST_MS)
}
