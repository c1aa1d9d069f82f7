import type { Frame } from '@rollcall/shared-protocol'
import { Chance } from './chance'
import { shrink } from './shrink'

/*
 * One input, one judgement: for what has no state. What lives (a server, say) is in live-server.ts.
 */

/** Something that inputs are thrown at. */
export interface Target {
  readonly name: string
  /** An input; the same for the same chance. */
  make(chance: Chance): Frame
  /** What the input does that it must not; null for nothing. It may throw, which is such a thing, too. */
  judge(input: Frame): string | null
}

export interface Finding {
  readonly target: string
  readonly seed: number
  readonly index: number
  readonly what: string
  /** The input, cut down to what still does it. */
  readonly input: Frame
}

/** One input may take this long, in milliseconds. Far more than any takes, and far less than what squares its length. */
const PATIENCE_MS = 1000

/** Throws inputs `from` to `to` (exclusive) of the seed; the first finding, or null. */
export function fuzz(target: Target, seed: number, from: number, to: number): Finding | null {
  for (let index = from; index < to; index++) {
    const input = target.make(Chance.of(seed, index))
    const what = verdict(target, input)
    if (what === null) continue
    const least = shrink(input, (smaller) => verdict(target, smaller) !== null)
    return { target: target.name, seed, index, what: verdict(target, least) ?? what, input: least }
  }
  return null
}

/** What is wrong with how the input was taken; null for nothing. */
export function verdict(target: Target, input: Frame): string | null {
  const startedMs = performance.now()
  let what: string | null
  try {
    what = target.judge(typeof input === 'string' ? input : Buffer.from(input))
  } catch (error) {
    what = `threw ${error instanceof Error ? error.stack : String(error)}`
  }
  const tookMs = performance.now() - startedMs
  if (what === null && tookMs > PATIENCE_MS) what = `took ${Math.round(tookMs)} ms`
  for (const name of Object.keys(Object.prototype)) {
    what = `put ${JSON.stringify(name)} on all objects`
    Reflect.deleteProperty(Object.prototype, name)
  }
  return what
}

/** The finding, and the one line that shows it again. */
export function tell({ target, seed, index, what, input }: Finding): string {
  const shown =
    typeof input === 'string' ? JSON.stringify(input) : `bytes ${Buffer.from(input).toString('hex')}`
  return `${what}\n${shown}\nnpm run soak -- --fuzz-replay=${target}:${seed}:${index}`
}
