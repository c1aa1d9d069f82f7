// `npm run pack`: builds the packages, and packs each into tarballs/, for a project that is not in this repository.

import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { endCommandsOnSignal, runCommand } from './lib/command.mjs'
import { pnpmCommand } from './lib/pnpm.mjs'
import { buildWith, installWith } from './lib/prepare.mjs'
import { at } from './lib/repository.mjs'
import { createSteps } from './lib/steps.mjs'

const PACK_LIMIT_MS = 60_000
const folder = at('tarballs')

async function pack() {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  for (const name of ['shared-protocol', 'client', 'server']) {
    const command = [...(await pnpmCommand()), 'pack', '--pack-destination', folder]
    const { ok, output } = await runCommand(command, { cwd: at('packages', name), timeoutMs: PACK_LIMIT_MS })
    if (!ok) throw new Error(`${name} could not be packed:\n${output}`)
  }
}

endCommandsOnSignal()
try {
  const steps = createSteps(4)
  await installWith(steps)
  await buildWith(steps)
  await steps.quiet('packing', pack, () => readdirSync(folder).join(', '))
  console.log(`Install them in the folder of your project:\n  npm install ${folder}/*.tgz`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
