import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Mutant } from './mutant'
import { mutants } from './mutants'

/*
 * npm run mutants              every broken build in turn, each of which some test has to notice
 * npm run mutants -- NAME …    only these
 */

/** How long the tests may take over one of them, in milliseconds. One that makes them hang counts as noticed. */
const TIMEOUT_MS = 180_000
/** The same for the tests of all of them at once, without a mutant, in milliseconds. */
const WHOLE_TIMEOUT_MS = 1_200_000

const names = process.argv.slice(2)
const chosen = names.length === 0 ? mutants : mutants.filter(({ name }) => names.includes(name))
const lost = chosen.filter(({ file, find }) => readFileSync(file, 'utf8').split(find).length !== 2)
if (lost.length > 0) {
  const each = lost.map(({ name, file }) => `${name} in ${file}`).join(', ')
  throw new Error(`Their text must be in its file once, and is not: ${each}.`)
}
const folder = mkdtempSync(join(tmpdir(), 'rollcall-mutants-'))
let noticed = 0
try {
  process.stdout.write('[0] the tests without a mutant … ')
  const broken = firstFailure(null, [...new Set(chosen.flatMap(({ tests }) => tests))], WHOLE_TIMEOUT_MS)
  if (broken !== null)
    throw new Error(`They fail as it is, so that nothing could be told from them: ${broken}`)
  process.stdout.write('pass\n')
  for (const [index, mutant] of chosen.entries()) {
    process.stdout.write(
      `[${index + 1}/${chosen.length}] law ${mutant.law}, ${mutant.name}: ${mutant.breaks} … `,
    )
    const by = firstFailure(mutant.name, mutant.tests)
    if (by !== null) noticed++
    process.stdout.write(by === null ? 'NOT NOTICED\n' : `noticed by: ${by}\n`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.stdout.write(`${noticed} passed, ${chosen.length - noticed} failed\n`)
process.exitCode = noticed === chosen.length && chosen.length > 0 ? 0 : 1

/** The first test that fails, or null. */
function firstFailure(
  name: Mutant['name'] | null,
  tests: readonly string[],
  timeoutMs = TIMEOUT_MS,
): string | null {
  const report = join(folder, `${name ?? 'none'}.json`)
  const projects = ['unit', 'browser-like', 'integration', 'sim', 'redis'].map(
    (project) => `--project=${project}`,
  )
  const run = spawnSync(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      ...tests,
      ...projects,
      '--reporter=json',
      `--outputFile=${report}`,
    ],
    {
      env: { ...process.env, ...(name === null ? {} : { MUTANT: name }) },
      timeout: timeoutMs,
      encoding: 'utf8',
    },
  )
  // Vitest ends itself when it is told to.
  if (run.signal !== null || (run.error as NodeJS.ErrnoException)?.code === 'ETIMEDOUT')
    return 'the time limit'
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
  for (const { assertionResults } of testResults) {
    for (const { status, fullName } of assertionResults) if (status === 'failed') return fullName
  }
  if (run.status !== 0) {
    const why = testResults.map(({ message }) => message).join('\n')
    throw new Error(`The tests did not run for "${name}":\n${why}\n${run.stdout}\n${run.stderr}`)
  }
  return null
}

interface Report {
  readonly testResults: readonly {
    /** Why a file did not run at all. */
    readonly message: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}
