import { setTimeout as sleep } from 'node:timers/promises'

/** Looks, a millisecond apart, after which something that was to come counts as not coming. */
const MAX_LOOKS = 5000

/** Resolves once it holds. For what real sockets do. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let looks = 0; !holds(); looks++) {
    if (looks === MAX_LOOKS) throw new Error(`Waited in vain for ${what}.`)
    await sleep(1)
  }
}
