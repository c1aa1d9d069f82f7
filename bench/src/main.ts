/*
 *  main: for each scenario, each subject, each round
 *    |-- starts --> subjects/<name>/server   one server; asked by lines on its standard input
 *    |-- starts --> load/main                connects to it, and measures; asked by messages
 *    `-- report/                             table, JSON, chart, docs/explanation/performance.md
 */

import { writeFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { machineAndVersions } from './report/machine'
import { writeDocs } from './report/page'
import { reportOf } from './report/report'
import type { ScenarioResult } from './report/results'
import { tableOf } from './report/table'
import { endAllWithThisProcess } from './run/children'
import { runScenario } from './run/run-scenario'
import type { Scenario } from './scenarios/scenario'
import { scenarios, scenariosNamed } from './scenarios/scenarios'
import { type SubjectName, subjectNames } from './subjects/speeches'

interface Options {
  readonly subjects: readonly SubjectName[]
  readonly quick: boolean
  readonly repeat?: number
  readonly json?: string
  readonly write: boolean
}

const program = new Command('bench')
  .description('Measures Rollcall side by side with what one would otherwise build.')
  .argument('[scenarios...]', `which to run: ${scenarios.map(({ name }) => name).join(', ')}`)
  .option('--subjects <names>', 'which to run them on, with commas between', readSubjects, subjectNames)
  .option('--quick', 'small numbers: to see whether it runs, not how fast', false)
  .option('--repeat <times>', 'runs of each, of which the median is told', readTimes)
  .option('--json <file>', 'where to write the figures')
  .option('--write', 'write the figures of a whole run into docs/explanation/performance.md', false)
  .showHelpAfterError()
  .action(run)

function readSubjects(text: string): readonly SubjectName[] {
  return text.split(',').map((name) => {
    const known = subjectNames.find((subject) => subject === name)
    if (!known) throw new InvalidArgumentError(`Choose from ${subjectNames.join(', ')}.`)
    return known
  })
}

function readTimes(text: string): number {
  const times = Number(text)
  if (!Number.isInteger(times) || times < 1)
    throw new InvalidArgumentError('A whole number from 1 is wanted.')
  return times
}

function chosen(names: readonly string[]): readonly Scenario[] {
  if (names.length === 0) return scenarios
  return names.flatMap((name) => {
    const named = scenariosNamed(name)
    if (named.length === 0) program.error(`There is no scenario ${name}.`)
    return named
  })
}

async function run(names: readonly string[], options: Options): Promise<void> {
  const isWhole = names.length === 0 && !options.quick && options.subjects.length === subjectNames.length
  if (options.write && !isWhole)
    program.error('--write is for a whole run: all scenarios, all subjects, not --quick.')
  const results: ScenarioResult[] = []
  for (const scenario of chosen(names)) {
    const subjects = options.subjects.filter((subject) => scenario.subjects.includes(subject))
    if (subjects.length === 0) continue
    const outcomes = await runScenario(scenario, {
      subjects,
      isQuick: options.quick,
      repeats: options.repeat ?? (options.quick ? 1 : scenario.repeats),
      onRun: (subject, seconds, failure) =>
        console.log(`${scenario.name} ${subject} ... ${failure ?? 'done'}, ${seconds.toFixed(1)} s`),
    })
    const result = { scenario, outcomes }
    results.push(result)
    console.log(`\n${tableOf(result)}\n`)
  }
  const report = reportOf(results, machineAndVersions(), options.quick)
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
  if (options.write) writeDocs(report, results)
  const hasFailed = results.some(({ outcomes }) =>
    [...outcomes.values()].some(({ kind }) => kind === 'failed'),
  )
  process.exitCode = hasFailed ? 1 : 0
}

endAllWithThisProcess()
await program.parseAsync()
