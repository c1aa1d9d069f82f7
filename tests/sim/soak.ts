import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { replayFuzz, soakFuzz } from '../hostile/fuzz/soak-fuzz'
import { anySchedule, play, type Schedule } from './schedule'

/*
 * npm run soak -- --minutes N            as many schedules as fit
 * npm run soak -- --replay=SEED:PATH     one that failed, again
 * npm run soak -- --fuzz N               N hostile inputs instead: tests/hostile/fuzz
 */

/** Schedules between two looks at the clock. */
const BATCH = 50

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    replay: { type: 'string' },
    fuzz: { type: 'string' },
    'fuzz-replay': { type: 'string' },
  },
})

const property = fc.asyncProperty(anySchedule, async (schedule) => {
  const violations = await play(schedule)
  if (violations.length > 0) throw new Error(violations.join('\n'))
})

const print = (text: string) => void process.stdout.write(text)

if (values['fuzz-replay'] !== undefined)
  process.exitCode = exitCodeOf(await replayFuzz(values['fuzz-replay'], print))
else if (values.fuzz !== undefined)
  process.exitCode = exitCodeOf(await soakFuzz(inputsOf(values.fuzz), print))
else if (values.replay !== undefined) await replay(values.replay)
else await soak(Number(values.minutes))

async function soak(minutes: number): Promise<void> {
  if (!(minutes > 0)) throw new Error(`--minutes must be a number above 0, not ${values.minutes}.`)
  const startedMs = performance.now()
  const endsMs = startedMs + minutes * 60_000
  let played = 0
  while (performance.now() < endsMs) {
    const details = await fc.check(property, { numRuns: BATCH, seed: Date.now() | 0 })
    played += details.numRuns
    if (details.failed) return fail(details)
    const seconds = Math.round((performance.now() - startedMs) / 1000)
    process.stdout.write(`\r${played} schedules in ${seconds} s of ${minutes * 60} s, no law broken`)
  }
  process.stdout.write('\n')
}

async function replay(text: string): Promise<void> {
  const [seed, path] = text.split(':', 1).concat(text.slice(text.indexOf(':') + 1))
  const details = await fc.check(property, { seed: Number(seed), path: path ?? '', endOnFailure: true })
  if (details.failed) return fail(details)
  process.stdout.write('It holds now.\n')
}

function exitCodeOf(holds: boolean): number {
  return holds ? 0 : 1
}

function inputsOf(text: string): number {
  const inputs = Number(text)
  if (!Number.isInteger(inputs) || inputs <= 0)
    throw new Error(`--fuzz must be a whole number above 0, not ${text}.`)
  return inputs
}

function fail(details: fc.RunDetails<[Schedule]>): void {
  const [schedule] = details.counterexample ?? []
  const { errorInstance, seed, counterexamplePath } = details
  process.stdout.write(
    [
      '',
      errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
      JSON.stringify(schedule),
      `npm run soak -- --replay=${seed}:${counterexamplePath}`,
      '',
    ].join('\n'),
  )
  process.exitCode = 1
}
