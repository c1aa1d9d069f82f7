import { readFileSync } from 'node:fs'
import { Stryker } from '@stryker-mutator/core'
import { type EquivalentMutant, equivalentMutants } from './equivalent-mutants'
import { type PureFile, pureFiles } from './pure-files'

/*
 * npm run stryker              every pure file; takes about an hour
 * npm run stryker -- FILE …    only these, by path or the end of it, such as presence/staging.ts
 * npm run stryker -- --quick   without mutants of what a module does while it is loaded, each of which starts the tests
 *                              anew: in a tenth of the time
 */

type MutantResult = Awaited<ReturnType<Stryker['runMutationTest']>>[number]

/** The share of a file's mutants that its tests have to notice, in percent; equivalent ones do not count. */
const MIN_SCORE = 95

const isQuick = process.argv.includes('--quick')
const asked = process.argv.slice(2).filter((argument) => argument !== '--quick')
const chosen = pureFiles().filter(
  ({ path }) => asked.length === 0 || asked.some((end) => path === end || path.endsWith(`/${end}`)),
)
if (chosen.length === 0) throw new Error(`pure-files.ts has no file that ends with ${asked.join(' or ')}.`)

let failedCount = 0
for (const file of chosen) {
  try {
    if (!report(file.path, await mutate(file))) failedCount++
  } catch (error) {
    // Such as a test that fails without a mutant. The other files are mutated all the same.
    failedCount++
    process.stdout.write(`FAIL ${file.path}: ${error instanceof Error ? error.message : String(error)}\n`)
  }
}
process.stdout.write(`${chosen.length - failedCount} passed, ${failedCount} failed\n`)
process.exitCode = failedCount === 0 ? 0 : 1

async function mutate({ path, tests }: PureFile): Promise<readonly MutantResult[]> {
  if (tests.length === 0)
    throw new Error('It has no test beside it. Write one, or name the test in pure-files.ts.')
  // vitest.config.ts beside this file reads it. With StrykerJS's own option, `testFiles`, mutants of what a module does
  // while it is loaded are never switched on, and all of them survive.
  process.env.STRYKER_TESTS = tests.join(',')
  const configFile = 'tests/stryker/stryker.config.json'
  return new Stryker({ configFile, mutate: [path], ignoreStatic: isQuick }).runMutationTest()
}

/** Prints a file's score, and each mutant that nobody noticed; false where it is not good enough. */
function report(file: string, all: readonly MutantResult[]): boolean {
  const ignored = all.filter(({ status }) => status === 'Ignored')
  const results = all.filter((mutant) => !ignored.includes(mutant))
  const unnoticed = results.filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
  const known = equivalentMutants.filter((equivalent) => equivalent.file === file)
  const isKnown = (mutant: MutantResult) => known.some((equivalent) => isSame(equivalent, mutant))
  const survivors = unnoticed.filter((mutant) => !isKnown(mutant))
  const obsolete = known.filter(
    (equivalent) => ![...unnoticed, ...ignored].some((mutant) => isSame(equivalent, mutant)),
  )

  const countedCount = results.length - (unnoticed.length - survivors.length)
  const score = countedCount === 0 ? 100 : (100 * (countedCount - survivors.length)) / countedCount
  const passed = score >= MIN_SCORE && obsolete.length === 0
  const counts = `${results.length - unnoticed.length} of ${results.length} noticed, ${
    unnoticed.length - survivors.length
  } equivalent`
  process.stdout.write(`${passed ? 'pass' : 'FAIL'} ${file}: ${score.toFixed(1)} % (${counts})\n`)
  for (const mutant of survivors) {
    const { line, becomes } = changeOf(mutant)
    const where = `${file}:${mutant.location.start.line}`
    process.stdout.write(
      `  ${where} ${mutant.mutatorName}, ${mutant.status}\n    - ${line}\n    + ${becomes}\n`,
    )
  }
  for (const { line, becomes } of obsolete) {
    process.stdout.write(
      `  No such mutant survives; remove it from equivalent-mutants.ts.\n    - ${line}\n    + ${becomes}\n`,
    )
  }
  return passed

  function isSame(equivalent: EquivalentMutant, mutant: MutantResult): boolean {
    const { line, becomes } = changeOf(mutant)
    return equivalent.line === line && equivalent.becomes === becomes
  }
}

/** The first line that a mutant changes, before and after, trimmed; all of them where the first stays the same. */
function changeOf({ fileName, location, replacement }: MutantResult): { line: string; becomes: string } {
  const { start, end } = location
  const lines = readFileSync(fileName, 'utf8')
    .split('\n')
    .slice(start.line - 1, end.line)
  const before = (lines[0] ?? '').slice(0, start.column - 1)
  const after = (lines.at(-1) ?? '').slice(end.column - 1)
  const mutated = `${before}${replacement}${after}`.split('\n')
  if (lines[0] !== mutated[0]) return { line: trimmed(lines[0]), becomes: trimmed(mutated[0]) }
  return { line: trimmed(lines.join(' ')), becomes: trimmed(mutated.join(' ')) }
}

function trimmed(code = ''): string {
  return code.replace(/\s+/g, ' ').trim()
}
