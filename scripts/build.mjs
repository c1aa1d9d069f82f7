// Builds the packages and the demo. `--force` builds also what is up to date.

import { buildStale } from './lib/builds.mjs'
import { endCommandsOnSignal } from './lib/command.mjs'
import { secondsSince } from './lib/steps.mjs'

endCommandsOnSignal()
const startedAt = performance.now()
try {
  const built = await buildStale({
    force: process.argv.includes('--force'),
    onBuild: (name) => console.log(`building ${name}`),
  })
  console.log(
    `${built.length === 0 ? 'all up to date' : `built ${built.join(', ')}`}, ${secondsSince(startedAt)}`,
  )
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
