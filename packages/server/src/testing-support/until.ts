import { setTimeout as sleep } from 'node:timers/promises'

/** Attempts, a millisecond apart, before the wait fails. */
const MAX_LOOKS = 5000

/** Resolves once the condition holds. Use it to wait for real sockets. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let looks = 0; !holds(); looks++) {
    if (looks === MAX_LOOKS) throw new Error(`Waited in vain for ${what}.`)
    await sleep(1)
  }
}
