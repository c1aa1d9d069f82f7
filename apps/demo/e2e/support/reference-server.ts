import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../../../scripts/lib/free-port.mjs'

const CLI = fileURLToPath(new URL('../../../../packages/server/dist/cli.js', import.meta.url))

/** A cold start on a busy machine takes a second or two. */
const START_TIMEOUT_MS = 15_000

/** The built command `rollcall serve` on a port of its own, with nothing but what its users have. */
export class ReferenceServer {
  readonly port: number
  #process: ChildProcess | null = null

  private constructor(port: number) {
    this.port = port
  }

  static async start(): Promise<ReferenceServer> {
    const server = new ReferenceServer(await freePort())
    await server.start()
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`
  }

  /** Starts it, again on the same port after `stop` or `kill`. */
  async start(): Promise<void> {
    const args = [CLI, 'serve', '--port', String(this.port), '--host', '127.0.0.1']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process = child
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text))

    const deadline = Date.now() + START_TIMEOUT_MS
    while (!(await answers(this.url))) {
      if (child.exitCode === null && Date.now() < deadline) continue
      await this.kill()
      throw new Error(`The server at ${this.url} did not start:\n${output}`)
    }
  }

  /** Asks it to end in good order. */
  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  /** Ends it as a crash would. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    this.#process = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok
  } catch {
    // Nobody listens yet. A turn of the event loop, so that the child's output is read meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 50))
    return false
  }
}
