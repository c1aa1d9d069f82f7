import { setTimeout as pause } from 'node:timers/promises'

const TRIES = 500
const PAUSE_MS = 10

/**
 * Waits until `check` no longer throws. Rejects with its last error after about five seconds.
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
