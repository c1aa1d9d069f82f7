import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Stryker } from '@stryker-mutator/core'
import { type EquivalentMutant, equivalentMutants } from './equivalent-mutants'
import { filesOf, pureFolders, testsOf } from './pure-files'

/*
 * npm run stryker              every pure file; takes about an hour
 * npm run stryker -- FILE …    only these, by path or the end of it, such as presence/staging.ts
 */

type MutantResult = Awaited<ReturnType<Stryker['runMutationTest']>>[number]

/** The share of a file's mutants that its tests have to notice, in percent; equivalent ones do not count. */
const MIN_SCORE = 95

const asked = process.argv.slice(2)
const isAsked = (path: string) =>
  asked.length === 0 || asked.some((end) => path === end || path.endsWith(`/${end}`))

let failedFiles = 0
let checkedFiles = 0
for (const pureFolder of pureFolders) {
  const files = filesOf(pureFolder).filter(isAsked)
  if (files.length === 0) continue
  const results = await runStryker(files, testsOf(pureFolder.folder))
  for (const file of files) {
    checkedFiles++
    const ofFile = results.filter(({ fileName }) => resolve(fileName) === resolve(file))
    if (!report(file, ofFile)) failedFiles++
  }
}
if (checkedFiles === 0) throw new Error(`pure-files.ts has no file that ends with ${asked.join(' or ')}.`)
process.stdout.write(`${checkedFiles - failedFiles} passed, ${failedFiles} failed\n`)
process.exitCode = failedFiles === 0 ? 0 : 1

function runStryker(mutate: string[], testFiles: string[]): Promise<MutantResult[]> {
  const configFile = 'tests/stryker/stryker.config.json'
  return new Stryker({ configFile, mutate, testFiles }).runMutationTest()
}

/** Prints a file's score, and each mutant that nobody noticed; false where it is not good enough. */
function report(file: string, results: readonly MutantResult[]): boolean {
  const unnoticed = results.filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
  const known = equivalentMutants.filter((equivalent) => equivalent.file === file)
  const isKnown = (mutant: MutantResult) => known.some((equivalent) => isSame(equivalent, mutant))
  const survivors = unnoticed.filter((mutant) => !isKnown(mutant))
  const obsolete = known.filter((equivalent) => !unnoticed.some((mutant) => isSame(equivalent, mutant)))

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

/** The first line that a mutant changes, before and after, trimmed. */
function changeOf({ fileName, location, replacement }: MutantResult): { line: string; becomes: string } {
  const lines = readFileSync(fileName, 'utf8').split('\n')
  const { start, end } = location
  const first = lines[start.line - 1] ?? ''
  const rest = (lines[end.line - 1] ?? '').slice(end.column - 1)
  const mutated = `${first.slice(0, start.column - 1)}${replacement}${rest}`
  return { line: first.trim(), becomes: (mutated.split('\n', 1)[0] ?? '').trim() }
}
