import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { serveCommand, startProgram } from '../../hostile/support/started-program'
import { soon } from './member'

const START_MS = 20_000
/** For one answer to a question after its readiness. A process that is stopped takes connections, and never answers. */
const ANSWER_MS = 500

/** `rollcall serve`, as it was built, in a process of its own on a free port. */
export class RollcallProcess {
  readonly port: number
  readonly #child: ChildProcess
  readonly #said: () => string

  private constructor(child: ChildProcess, port: number, said: () => string) {
    this.#child = child
    this.port = port
    this.#said = said
  }

  /** @param args flags beside the address; it is ready when this resolves. */
  static async start(args: readonly string[]): Promise<RollcallProcess> {
    const { child, port, said } = await startProgram(serveCommand(['--allow-anonymous', ...args]), {
      ...process.env,
      NODE_ENV: 'development',
    })
    const node = new RollcallProcess(child, port, said)
    try {
      await node.untilReady()
      return node
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
  }

  /** What it has written, to standard output and to standard error. */
  get said(): string {
    return this.#said()
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The status of `GET /readyz`; 0 without an answer. */
  async readiness(): Promise<number> {
    try {
      const url = `http://127.0.0.1:${this.port}/readyz`
      const { status } = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) })
      return status
    } catch {
      return 0
    }
  }

  async untilReady(withinMs = START_MS): Promise<void> {
    await soon(async () => {
      const status = await this.readiness()
      if (status !== 200) throw new Error(`Node ${this.port} is not ready (${status}):\n${this.said}`)
    }, withinMs)
  }

  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    this.#child.kill(name)
  }

  /** Resolves with its exit code, null where a signal ended it. */
  async ended(): Promise<number | null> {
    if (this.isRunning) await once(this.#child, 'exit')
    return this.#child.exitCode
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended()
  }
}
