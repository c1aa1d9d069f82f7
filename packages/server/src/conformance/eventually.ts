import { setTimeout as pause } from 'node:timers/promises'

const TRIES = 500
const PAUSE_MS = 10

/**
 * Waits until `check` throws no more. After about five seconds it rejects with what `check` threw last. For the suites of
 * stores, wires and listeners.
 */
export async function eventually(check: () => void): Promise<void> {
  for (let tries = TRIES; ; tries--) {
    try {
      return check()
    } catch (error) {
      if (tries <= 0) throw error
    }
    await pause(PAUSE_MS)
  }
}
