// `npm start`: from a fresh clone to a running server, with the demo on its port.
//   PORT, HOST   where it listens (9090, 127.0.0.1)
//   npm start -- --log-level debug   whatever follows `--` goes to `rollcall serve`

import { pathToFileURL } from 'node:url'
import { endCommandsOnSignal } from './lib/command.mjs'
import { buildWith, installWith } from './lib/prepare.mjs'
import { at } from './lib/repository.mjs'
import { createSteps } from './lib/steps.mjs'

const cli = at('packages/server/dist/cli.js')
const where = ['--port', process.env.PORT ?? '9090', '--host', process.env.HOST ?? '127.0.0.1']

async function prepare() {
  const steps = createSteps(4)
  const stopListening = endCommandsOnSignal()
  await installWith(steps)
  await buildWith(steps)
  stopListening()
  console.log(`[4/4] starting the server: rollcall serve ${where.join(' ')}`)
}

try {
  await prepare()
  // In this process and not in a child: signals and the exit code are the server's own, and nothing is left
  // behind if this process is killed.
  process.argv = [process.argv[0] ?? 'node', cli, 'serve', ...where, ...process.argv.slice(2)]
  await import(pathToFileURL(cli).href)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
