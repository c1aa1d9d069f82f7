import { within } from '../measure/deadline'
import { median } from '../measure/percentile'
import type { Figures, Scenario } from '../scenarios/scenario'
import type { SubjectName } from '../subjects/speeches'
import { LoadProcess } from './load-process'
import { commandOf } from './programs'
import { SubjectProcess } from './subject-process'

/** What became of one scenario on one subject. */
export type Outcome =
  | { readonly kind: 'measured'; readonly figures: Figures; readonly runs: readonly Figures[] }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'skipped'; readonly reason: string }

export interface RunOptions {
  readonly subjects: readonly SubjectName[]
  readonly isQuick: boolean
  readonly repeats: number
  /** Told of each run that is over. */
  onRun(subject: SubjectName, seconds: number, failure?: string): void
}

/** Runs a scenario on each of the subjects, in turns, so that what else the machine does hits them all alike. */
export async function runScenario(
  scenario: Scenario,
  { subjects, isQuick, repeats, onRun }: RunOptions,
): Promise<ReadonlyMap<SubjectName, Outcome>> {
  const runs = new Map<SubjectName, Figures[]>()
  const outcomes = new Map<SubjectName, Outcome>()
  for (const subject of subjects) {
    const command = commandOf(subject)
    const whyNot = scenario.kind === 'cluster' ? scenario.whyNot() : undefined
    if (whyNot !== undefined) outcomes.set(subject, { kind: 'skipped', reason: whyNot })
    else if (typeof command === 'string') outcomes.set(subject, { kind: 'skipped', reason: command })
    else runs.set(subject, [])
  }
  for (let round = 0; round < repeats; round++) {
    for (const [subject, list] of runs) {
      if (outcomes.has(subject)) continue
      const startedMs = performance.now()
      const seconds = () => (performance.now() - startedMs) / 1000
      try {
        list.push(await runOnce(scenario, subject, isQuick))
        onRun(subject, seconds())
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        outcomes.set(subject, { kind: 'failed', reason })
        onRun(subject, seconds(), reason)
      }
    }
  }
  for (const [subject, list] of runs) {
    if (!outcomes.has(subject))
      outcomes.set(subject, { kind: 'measured', figures: medianOf(list), runs: list })
  }
  return outcomes
}

async function runOnce(scenario: Scenario, name: SubjectName, isQuick: boolean): Promise<Figures> {
  if (scenario.kind !== 'server') return within(scenario.timeoutMs, scenario.name, scenario.run(isQuick))
  const subject = await SubjectProcess.start(name)
  let load: LoadProcess | undefined
  try {
    load = await LoadProcess.start(subject)
    return await within(scenario.timeoutMs, scenario.name, scenario.run({ subject, load, isQuick }))
  } finally {
    await load?.end()
    await subject.end()
  }
}

/** Figure by figure. */
function medianOf(runs: readonly Figures[]): Figures {
  const [first = {}] = runs
  return Object.fromEntries(
    Object.keys(first).map((figure) => [
      figure,
      median(runs.map((figures) => figures[figure] ?? Number.NaN)),
    ]),
  )
}
