// Checks the types of every tsconfig in the repository, as many at once as there are cores.

import { availableParallelism } from 'node:os'
import { endCommandsOnSignal, runCommand } from './lib/command.mjs'
import { findFiles } from './lib/find-files.mjs'
import { at } from './lib/repository.mjs'

endCommandsOnSignal()
const isProject = (/** @type {string} */ path) => /(^|\/)tsconfig(\.portable)?\.json$/.test(path)
const projects = findFiles(isProject)
const waiting = [...projects]
let failures = 0

async function work() {
  for (let project = waiting.shift(); project; project = waiting.shift()) {
    const { ok, output } = await runCommand(
      [at('node_modules/.bin/tsc'), '--project', project, '--pretty', 'false'],
      {
        timeoutMs: 120_000,
      },
    )
    if (ok) continue
    failures++
    console.log(`${project}:\n${output}`)
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, work))
console.log(`types: ${projects.length} projects, ${failures === 0 ? 'all good' : `${failures} with errors`}`)
process.exitCode = failures === 0 ? 0 : 1
