// `npm run bench`: from a fresh clone to figures. Whatever follows `--` goes to the bench.
//   npm run bench -- fanout storm --subjects rollcall,bun

import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { endCommandsOnSignal, runCommand } from './lib/command.mjs'
import { buildWith, installWith } from './lib/prepare.mjs'
import { at } from './lib/repository.mjs'
import { hashFiles, isStamped, removeStamp, writeStamp } from './lib/stamp.mjs'
import { createSteps } from './lib/steps.mjs'

const main = at('bench/dist/main.js')
const stamp = 'build-bench'

/** The bench's own programs. */
async function bundle() {
  const hash = hashFiles(['pnpm-lock.yaml', 'bench/src', 'bench/package.json', 'bench/tsup.config.ts'])
  if (isStamped(stamp, hash) && existsSync(main)) return 'up to date'
  removeStamp(stamp)
  const { ok, output } = await runCommand([at('node_modules/.bin/tsup')], {
    cwd: at('bench'),
    timeoutMs: 60_000,
  })
  if (!ok) throw new Error(`The bench did not build:\n${output}`)
  writeStamp(stamp, hash)
  return 'built'
}

async function prepare() {
  const steps = createSteps(4)
  const stopListening = endCommandsOnSignal()
  await installWith(steps)
  await buildWith(steps)
  await steps.quiet('bundling the bench', bundle, (outcome) => outcome)
  stopListening()
}

try {
  await prepare()
  // In this process and not in a child: it ends what it started itself, and its exit code is the bench's.
  process.argv = [process.argv[0] ?? 'node', main, ...process.argv.slice(2)]
  await import(pathToFileURL(main).href)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
