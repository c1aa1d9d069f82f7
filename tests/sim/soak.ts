import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { anySchedule, play, type Schedule } from './schedule'

/*
 * npm run soak -- --minutes N            as many schedules as fit
 * npm run soak -- --replay=SEED:PATH     one that failed, again
 */

/** Schedules between two looks at the clock. */
const BATCH = 50

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, replay: { type: 'string' } },
})

const property = fc.asyncProperty(anySchedule, async (schedule) => {
  const violations = await play(schedule)
  if (violations.length > 0) throw new Error(violations.join('\n'))
})

if (values.replay !== undefined) await replay(values.replay)
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
