// `npm test`: from a fresh clone to the last browser test.
//   npm test -- --only unit,e2e   some rings only

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { endCommandsOnSignal } from './lib/command.mjs'
import { buildWith, installWith } from './lib/prepare.mjs'
import { rings } from './lib/rings.mjs'
import { ensureRuntimes } from './lib/runtimes.mjs'
import { createSteps, secondsSince } from './lib/steps.mjs'
import { ensureSystemTools } from './lib/system-tools.mjs'

/** @typedef {import('./lib/rings.mjs').Ring} Ring */
/** @typedef {import('./lib/rings.mjs').Counts} Counts */

/** Which rings the command line asks for. */
function chooseRings() {
  const { values } = parseArgs({ options: { only: { type: 'string' } } })
  const names = values.only?.split(',')
  const unknown = names?.find((name) => !rings.some((ring) => ring.name === name))
  if (unknown !== undefined) {
    throw new Error(`There is no ring ${unknown}: choose from ${rings.map(({ name }) => name).join(', ')}.`)
  }
  return names ? rings.filter(({ name }) => names.includes(name)) : rings
}

/**
 * Everything the rings need. What could not be had is returned with the reason: the rings that don't need it still
 * run.
 *
 * @param {Ring[]} chosen @param {ReturnType<typeof createSteps>} steps
 */
async function prepare(chosen, steps) {
  /** @type {Map<Ring['needs'][number], string>} */
  const missing = new Map()
  const needs = new Set(chosen.flatMap((ring) => ring.needs))
  await installWith(steps)
  if (needs.delete('build')) {
    try {
      await buildWith(steps)
    } catch (error) {
      missing.set('build', error instanceof Error ? error.message : String(error))
    }
  }
  if (needs.delete('runtimes')) {
    const absent = await steps.quiet('installing runtimes', ensureRuntimes, (still) =>
      still.size === 0 ? 'all there' : `missing: ${[...still.keys()].join(', ')}`,
    )
    // The others are tested all the same: the tests of one that is missing fail by themselves.
    for (const line of absent.values()) console.log(line)
  }
  const tools = [...needs].filter((need) => need !== 'build' && need !== 'runtimes')
  if (tools.length > 0) {
    const absent = await steps.quiet(
      `looking for ${tools.join(' and ')}`,
      () => ensureSystemTools(tools),
      (still) => (still.size === 0 ? 'found' : `missing: ${[...still.keys()].join(', ')}`),
    )
    for (const [tool, line] of absent) missing.set(tool, line)
  }
  for (const line of missing.values()) console.log(line)
  return missing
}

/** @param {Counts} counts */
const tell = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`

/**
 * @param {Ring} ring @param {ReturnType<typeof createSteps>} steps @param {string} reports
 * @param {Awaited<ReturnType<typeof prepare>>} missing
 */
async function runRing(ring, steps, reports, missing) {
  const lacks = ring.needs.find((need) => missing.has(need))
  const run = async () =>
    lacks ? { passed: 0, failed: 1, skipped: 0, output: `not run: ${missing.get(lacks)}` } : ring.run(reports)
  const startedAt = performance.now()
  const result = await (ring.isLive ? steps.live : steps.quiet)(ring.title, run, tell)
  if (result.failed > 0 && result.output) console.log(result.output)
  return { ...result, name: ring.name, title: ring.title, duration: secondsSince(startedAt) }
}

/** @param {Awaited<ReturnType<typeof runRing>>[]} results */
function printTable(results) {
  const width = Math.max(...results.map(({ title }) => title.length))
  console.log('')
  for (const result of results) {
    const mark = result.failed > 0 ? 'FAIL' : 'ok  '
    console.log(`${mark}  ${result.title.padEnd(width)}  ${result.duration.padStart(8)}  ${tell(result)}`)
  }
}

async function main() {
  const chosen = chooseRings()
  const needs = new Set(chosen.flatMap((ring) => ring.needs))
  const needsTools = [...needs].some((need) => need !== 'build' && need !== 'runtimes')
  const extra = [needs.has('build'), needs.has('runtimes'), needsTools].filter(Boolean).length
  const steps = createSteps(2 + extra + chosen.length)
  const missing = await prepare(chosen, steps)
  const reports = ownTemporaryFolder()
  const results = []
  for (const ring of chosen) results.push(await runRing(ring, steps, reports, missing))
  printTable(results)
  return results
}

/** A folder for the reports, and for whatever a test leaves behind when it is ended: it goes when this process does. */
function ownTemporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-test-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  process.env.TMPDIR = folder
  return folder
}

endCommandsOnSignal()
let passed = 0
let failed = 0
try {
  for (const result of await main()) {
    passed += result.passed
    failed += result.failed
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  failed = 1
}
// The last line is for machines too: nothing may follow it.
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
