// The rings of `npm test`, from the cheapest to the dearest.

import { join } from 'node:path'
import { runCommand } from './command.mjs'
import { readPlaywrightReport, readVitestReport } from './report-counts.mjs'
import { at } from './repository.mjs'
import { NEWEST_NODE, runtimeCommand } from './runtimes.mjs'

/**
 * @typedef {import('./report-counts.mjs').Counts} Counts
 *
 * @typedef {object} Ring
 * @property {string} name for `--only`
 * @property {string} title
 * @property {('build' | 'runtimes' | import('./system-tools.mjs').SystemToolName)[]} needs
 * @property {boolean} isLive whether its output is shown as it comes, or only when it fails
 * @property {(reports: string) => Promise<Counts & { output: string }>} run `reports` is a folder for its files
 */

/** Ends a ring that hangs. Several times what the slowest ring takes on an idle machine, as machines are not. */
const RING_LIMIT_MS = 900_000

/**
 * A ring that holds or doesn't: it counts as one.
 *
 * @param {string} name @param {string} title @param {string[]} command
 * @returns {Ring}
 */
const check = (name, title, command) => ({
  name,
  title,
  needs: [],
  isLive: false,
  run: async () => {
    const { ok, output } = await runCommand(command, { timeoutMs: RING_LIMIT_MS })
    return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0, output }
  },
})

/**
 * @param {string} name @param {string} title @param {string[]} projects of vitest.config.ts
 * @param {Ring['needs']} needs
 * @returns {Ring}
 */
const vitest = (name, title, projects, needs) => ({
  name,
  title,
  needs,
  isLive: true,
  run: async (reports) => {
    const counts = await runVitest([bin('vitest')], projects, join(reports, `${name}.json`))
    return { ...counts, output: '' }
  },
})

/**
 * @param {string[]} program how to start vitest @param {string[]} projects @param {string} file for its report
 * @returns {Promise<Counts>}
 */
async function runVitest(program, projects, file) {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const { ok } = await runCommand(
    [...program, 'run', ...projects.map((project) => `--project=${project}`), ...reporters],
    { timeoutMs: RING_LIMIT_MS, live: true },
  )
  return readVitestReport(file, ok)
}

/**
 * The server and the client in operation on each runtime, and the unit tests on the newest Node.
 *
 * @type {Ring}
 */
const runtimes = {
  name: 'runtimes',
  title: 'Node 20 to 26, Bun, Deno',
  needs: ['build', 'runtimes', 'redis-server'],
  isLive: true,
  run: async (reports) => {
    const suites = await runVitest([bin('vitest')], ['runtimes'], join(reports, 'runtimes.json'))
    console.log(`unit and property, on ${NEWEST_NODE}`)
    const units = await unitOnNewestNode(join(reports, 'unit-newest.json'))
    return {
      passed: suites.passed + units.passed,
      failed: suites.failed + units.failed,
      skipped: suites.skipped + units.skipped,
      output: '',
    }
  },
}

/** @param {string} file for its report @returns {Promise<Counts>} */
async function unitOnNewestNode(file) {
  try {
    const program = [...runtimeCommand(NEWEST_NODE), at('node_modules/vitest/vitest.mjs')]
    return await runVitest(program, ['unit'], file)
  } catch (error) {
    console.log(error instanceof Error ? error.message : error)
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

/** @type {Ring} */
const endToEnd = {
  name: 'e2e',
  title: 'browser end to end',
  needs: ['build', 'chromium'],
  isLive: true,
  run: async (reports) => {
    const file = join(reports, 'e2e.json')
    const { ok } = await runCommand([bin('playwright'), 'test'], {
      timeoutMs: RING_LIMIT_MS,
      live: true,
      env: { PLAYWRIGHT_JSON_OUTPUT_NAME: file },
    })
    return { ...readPlaywrightReport(file, ok), output: '' }
  },
}

/** @param {string} name */
const bin = (name) => at('node_modules/.bin', name)

/** @type {Ring[]} */
export const rings = [
  check('lint', 'format and lint', [bin('biome'), 'check', '--max-diagnostics=none', '.']),
  check('arrows', 'arrows between packages', [
    bin('depcruise'),
    ...['--config', '.dependency-cruiser.cjs', '--output-type', 'err-long'],
    '{packages,apps,tests,examples,bench}',
  ]),
  check('types', 'types', [process.execPath, 'scripts/typecheck.mjs']),
  check('patterns', 'regular expressions', [process.execPath, 'scripts/check-patterns.mjs']),
  check('laws', 'laws and their tests', [process.execPath, 'scripts/check-laws.mjs']),
  check('size', 'sizes of source files', [process.execPath, 'scripts/check-size.mjs']),
  check('docs', 'documentation as a site', [process.execPath, 'scripts/docs.mjs', '--check']),
  vitest('unit', 'unit and property', ['unit', 'browser-like'], []),
  vitest(
    'integration',
    'integration, simulation, hostile input',
    ['integration', 'sim', 'hostile'],
    ['build'],
  ),
  vitest('redis', 'real Redis', ['redis'], ['build', 'redis-server']),
  vitest('built', 'built packages', ['built'], ['build']),
  runtimes,
  endToEnd,
]
