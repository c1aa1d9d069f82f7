import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { soon } from './soon'

const BUILT_CLI = fileURLToPath(new URL('../../../packages/server/dist/cli.js', import.meta.url))
const START_MS = 60_000
/** What it says over and over is not kept. */
const MAX_SAID = 1_000_000

const running = new Set<ChildProcess>()
// Whatever becomes of the run, its servers end with it.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A server in a process of its own that has said on which port it serves. */
export interface StartedProgram {
  readonly child: ChildProcess
  readonly port: number
  /** What it has written, to standard output and to standard error. */
  said(): string
}

/** The command of `rollcall serve`, as it was built, on a free port. Throws where it was not built. */
export function serveCommand(args: readonly string[]): readonly string[] {
  if (!existsSync(BUILT_CLI)) throw new Error('The server is not built: node scripts/build.mjs')
  return [BUILT_CLI, 'serve', '--host', '127.0.0.1', '--port', '0', '--log-level', 'warn', ...args]
}

/** Starts a program that says `serves on http://…:PORT/` once it does. `runtime` is what runs it: Node, as a rule. */
export async function startProgram(
  command: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  [program, ...flags]: readonly [string, ...string[]] = [process.execPath],
): Promise<StartedProgram> {
  const child = spawn(program, [...flags, ...command], { stdio: ['ignore', 'pipe', 'pipe'], env })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      if (text.length < MAX_SAID) text += chunk
    })
  }
  const port = () => /serves on https?:\/\/[^/]*:(\d+)\//.exec(text)?.[1]
  try {
    await soon(
      () => child.exitCode !== null || port() !== undefined,
      START_MS,
      () => `the server to start:\n${text}`,
    )
    if (port() === undefined) throw new Error(`The server did not start (exit ${child.exitCode}):\n${text}`)
    return { child, port: Number(port()), said: () => text }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}
