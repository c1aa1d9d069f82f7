import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerProcess } from '../support/server-process'
import type { Arena } from './arena'
import type { Attack } from './attack'
import type { CrowdProcess } from './crowd-process'

/** What an attack came to. */
export interface Measured {
  readonly name: string
  /** How it was refused; null where it was not as it should be. */
  readonly refused: string | null
  readonly cpuSeconds: number
  readonly seconds: number
  readonly rssBytes: number
  /** Of it, what is left after a collection. */
  readonly heldBytes: number
  readonly lost: number
  readonly violations: readonly string[]
  /** One change in a hundred took longer to be seen: before the attack, and while it was on. */
  readonly p99Ms: readonly [before: number, during: number]
  /** Why it counts as a failure; empty where it does not. */
  readonly failures: readonly string[]
}

/** How long the honest are looked at before each attack. */
const CALM_MS = 1500
/** For which they are looked at in any case once it has begun. */
const LEAST_MS = 1000
/** A change that is seen later than this has been harmed. */
export const MAX_P99_MS = 1500

/** Does one attack, and measures what it costs the server and does to the honest. */
export async function measure(
  attack: Attack,
  arena: Arena,
  server: ServerProcess,
  crowd: CrowdProcess,
): Promise<Measured> {
  await crowd.order({ kind: 'take' })
  await sleep(CALM_MS)
  const calm = await crowd.order({ kind: 'take' })
  const before = await server.usage()
  const startedMs = performance.now()
  const failures: string[] = []
  const refused = await attack.attempt(arena).catch((error: unknown) => {
    failures.push(
      `It was not refused as it should be: ${error instanceof Error ? error.message : String(error)}`,
    )
    return null
  })
  const seconds = (performance.now() - startedMs) / 1000
  // What comes of it may come a moment later; and of less than a second there is little to tell.
  await sleep(Math.max(0, LEAST_MS - seconds * 1000))
  const during = await crowd.order({ kind: 'take' })
  const after = await server.usage()
  arena.clear()
  const checked = await crowd.order({ kind: 'check' })
  const lost = during.lost + checked.lost
  const violations = [...calm.violations, ...during.violations, ...checked.violations]
  const p99Ms = [percentile(calm.latenciesMs, 0.99), percentile(during.latenciesMs, 0.99)] as const
  if (!server.isRunning) failures.push(`The server is gone:\n${server.said}`)
  if (lost > 0) failures.push(`${lost} honest connections were lost.`)
  if (violations.length > 0) failures.push(...violations.slice(0, 5))
  if (p99Ms[1] > MAX_P99_MS)
    failures.push(`Changes of the honest took ${Math.round(p99Ms[1])} ms to be seen.`)
  return {
    name: attack.name,
    refused,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    seconds,
    rssBytes: after.rssBytes - before.rssBytes,
    heldBytes: after.heldBytes - before.heldBytes,
    lost,
    violations,
    p99Ms,
    failures,
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
