import type { ChildProcess } from 'node:child_process'
import { Inspector, type Usage } from './inspector'
import { serveCommand, startProgram } from './started-program'

/**
 * A server in a process of its own, on a free port of this machine. It is watched through Node's inspector, which listens
 * on a loopback address of its own: the program is as it was built.
 */
export class ServerProcess {
  readonly port: number
  readonly #child: ChildProcess
  readonly #inspector: Inspector
  readonly #said: () => string

  private constructor(child: ChildProcess, port: number, inspector: Inspector, said: () => string) {
    this.#child = child
    this.port = port
    this.#inspector = inspector
    this.#said = said
  }

  /** `rollcall serve`, as it was built. */
  static serve(args: readonly string[], env: Record<string, string>): Promise<ServerProcess> {
    return ServerProcess.start(serveCommand(args), env)
  }

  /** A program of Node that says `serves on http://…:PORT/` once it does. */
  static async start(command: readonly string[], env: Record<string, string>): Promise<ServerProcess> {
    const { child, port, said } = await startProgram(['--inspect=127.0.0.1:0', ...command], {
      PATH: process.env.PATH ?? '',
      ...env,
    })
    try {
      // Node says this before it runs the program.
      const address = /Debugger listening on (ws:\S+)/.exec(said())?.[1]
      if (address === undefined) throw new Error(`Node opened no inspector:\n${said()}`)
      return new ServerProcess(child, port, await Inspector.open(address), said)
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
    this.#inspector.close()
    this.#child.kill('SIGKILL')
  }
}
