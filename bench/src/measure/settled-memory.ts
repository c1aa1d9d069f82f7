import { readMemory } from './memory'

const POLL_MS = 250
const TOLERANCE = 0.01
const MOST_MS = 30_000

/** Resident memory in bytes, once it has stayed the same within 1 % for so long; or as it is after half a minute. */
export async function settledMemory(pid: number, steadyMs: number): Promise<number> {
  const startedMs = performance.now()
  let reference = readMemory(pid).now
  let sinceMs = startedMs
  while (performance.now() - sinceMs < steadyMs && performance.now() - startedMs < MOST_MS) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    const { now } = readMemory(pid)
    if (Math.abs(now - reference) <= TOLERANCE * reference) continue
    reference = now
    sinceMs = performance.now()
  }
  return readMemory(pid).now
}
