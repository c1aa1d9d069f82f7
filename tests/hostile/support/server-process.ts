import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { Inspector, type Usage } from './inspector'
import { soon } from './soon'

const BUILT_CLI = fileURLToPath(new URL('../../../packages/server/dist/cli.js', import.meta.url))
const START_MS = 20_000

const running = new Set<ServerProcess>()
// Whatever becomes of the run, its servers end with it.
process.on('exit', () => {
  for (const server of running) server.kill()
})

/**
 * A server in a process of its own, on a free port of this machine. It is watched through Node's inspector, which listens
 * on a loopback address of its own: the program is as it was built.
 */
export class ServerProcess {
  readonly port: number
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #inspector: Inspector
  readonly #said: () => string

  private constructor(
    child: ChildProcessByStdio<null, Readable, Readable>,
    port: number,
    inspector: Inspector,
    said: () => string,
  ) {
    this.#child = child
    this.port = port
    this.#inspector = inspector
    this.#said = said
  }

  /** `rollcall serve`, as it was built. */
  static serve(args: readonly string[], env: Record<string, string>): Promise<ServerProcess> {
    if (!existsSync(BUILT_CLI)) throw new Error('The server is not built: npm run build')
    const flags = ['serve', '--host', '127.0.0.1', '--port', '0', '--no-demo', '--log-level', 'warn']
    return ServerProcess.start([BUILT_CLI, ...flags, ...args], env)
  }

  /** A program of Node that says `serves on http://…:PORT/` once it does. */
  static async start(command: readonly string[], env: Record<string, string>): Promise<ServerProcess> {
    const child = spawn(process.execPath, ['--inspect=127.0.0.1:0', ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '', ...env },
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        // What it says over and over is not kept.
        if (said.length < 1_000_000) said += text
      })
    }
    try {
      const find = (pattern: RegExp) => pattern.exec(said)?.[1]
      await soon(
        () => child.exitCode !== null || find(/serves on http:\/\/[^/]*:(\d+)\//) !== undefined,
        START_MS,
        () => `the server to start:\n${said}`,
      )
      const [port, address] = [
        find(/serves on http:\/\/[^/]*:(\d+)\//),
        find(/Debugger listening on (ws:\S+)/),
      ]
      if (port === undefined || address === undefined) throw new Error(`The server did not start:\n${said}`)
      const server = new ServerProcess(child, Number(port), await Inspector.open(address), () => said)
      running.add(server)
      return server
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
  }

  /** What it has written: warnings and errors. */
  get said(): string {
    return this.#said()
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  usage(): Promise<Usage> {
    return this.#inspector.usage()
  }

  kill(): void {
    running.delete(this)
    this.#inspector.close()
    this.#child.kill('SIGKILL')
  }
}
