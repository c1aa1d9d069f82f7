// The rings of `npm test`, from the cheapest to the dearest.

import { join } from 'node:path'
import { runCommand } from './command.mjs'
import { readPlaywrightReport, readVitestReport } from './report-counts.mjs'
import { at } from './repository.mjs'

/**
 * @typedef {import('./report-counts.mjs').Counts} Counts
 *
 * @typedef {object} Ring
 * @property {string} name for `--only`
 * @property {string} title
 * @property {('build' | import('./system-tools.mjs').SystemToolName)[]} needs
 * @property {boolean} isLive whether its output is shown as it comes, or only when it fails
 * @property {(reports: string) => Promise<Counts & { output: string }>} run `reports` is a folder for its files
 */

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
    const { ok, output } = await runCommand(command, { timeoutMs: 180_000 })
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
    const file = join(reports, `${name}.json`)
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const { ok } = await runCommand(
      [bin('vitest'), 'run', ...projects.map((project) => `--project=${project}`), ...reporters],
      { timeoutMs: 300_000, live: true },
    )
    return { ...readVitestReport(file, ok), output: '' }
  },
})

/** @type {Ring} */
const endToEnd = {
  name: 'e2e',
  title: 'browser end to end',
  needs: ['build', 'chromium'],
  isLive: true,
  run: async (reports) => {
    const file = join(reports, 'e2e.json')
    const { ok } = await runCommand([bin('playwright'), 'test'], {
      timeoutMs: 300_000,
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
  vitest('unit', 'unit and property', ['unit', 'browser-like'], []),
  vitest(
    'integration',
    'integration, simulation, hostile input',
    ['integration', 'sim', 'hostile'],
    ['build'],
  ),
  vitest('redis', 'real Redis', ['redis'], ['build', 'redis-server']),
  vitest('built', 'built packages', ['built'], ['build']),
  endToEnd,
]
