import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../scripts/lib/free-port.mjs'
import { at } from '../../scripts/lib/repository.mjs'

/*
 * The programs of one page, run as a reader would: each in a file and a process of its own, from the packages'
 * sources. Only the ports are others: `9090` and `4000` become free ones, in the programs and in what they are to print.
 */

/** Milliseconds after which a line that was to be printed counts as not coming. */
const PATIENCE_MS = 30_000

/** Ports that the pages write: of the reference server, and of a server of their own. */
const REFERENCE_PORT = /\b9090\b/g
const OWN_PORT = /\b4000\b/g

/** From the packages' sources. Without it: whatever a program finds in its folder. */
const FROM_SOURCES = ['--import', 'tsx', '--conditions=@rollcall/source']

interface Running {
  readonly process: ChildProcess
  stdout: string
  stderr: string
  /** How much of stdout has been compared with the page. */
  seen: number
}

export class RunningPage {
  /** In place of 9090. */
  readonly port: number
  /** In place of 4000. */
  readonly ownPort: number
  readonly folder: string
  readonly #nodeOptions: readonly string[]
  readonly #running = new Map<string, Running>()

  static async open(): Promise<RunningPage> {
    // Within the repository, so that the packages are found; ignored by git.
    await mkdir(at('test-results'), { recursive: true })
    return RunningPage.within(await mkdtemp(at('test-results/page-')), FROM_SOURCES)
  }

  /** In a folder that is the page's alone: it is removed at the end. */
  static async within(folder: string, nodeOptions: readonly string[] = []): Promise<RunningPage> {
    return new RunningPage(await freePort(), await freePort(), folder, nodeOptions)
  }

  private constructor(port: number, ownPort: number, folder: string, nodeOptions: readonly string[]) {
    this.port = port
    this.ownPort = ownPort
    this.folder = folder
    this.#nodeOptions = nodeOptions
  }

  /** Text of the page with this run's ports. */
  withPort(text: string): string {
    return text.replace(REFERENCE_PORT, String(this.port)).replace(OWN_PORT, String(this.ownPort))
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.folder, name), this.withPort(text))
  }

  /** Starts `node <command>`, unless it runs already. */
  start(command: string): void {
    if (this.#running.has(command)) return
    const child = spawn(process.execPath, [...this.#nodeOptions, ...this.withPort(command).split(' ')], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, TZ: 'UTC' },
    })
    const running: Running = { process: child, stdout: '', stderr: '', seen: 0 }
    child.stdout.on('data', (chunk) => {
      running.stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      running.stderr += chunk
    })
    this.#running.set(command, running)
  }

  /** Resolves once the program has printed these lines, and no other in between. */
  async prints(command: string, expected: string): Promise<void> {
    const running = this.#get(command)
    const text = `${this.withPort(expected)}\n`
    await waitFor(running, () => running.stdout.length - running.seen >= text.length)
    const printed = running.stdout.slice(running.seen, running.seen + text.length)
    if (printed !== text) {
      throw new Error(
        `${command} printed:\n${running.stdout.slice(running.seen)}\ninstead of:\n${text}\n${running.stderr}`,
      )
    }
    running.seen += text.length
  }

  /** Resolves once the program has ended by itself, well. */
  async ends(command: string): Promise<void> {
    const running = this.#get(command)
    await waitFor(running, () => running.process.exitCode !== null)
    if (running.process.exitCode !== 0) throw new Error(`${command} failed:\n${running.stderr}`)
  }

  /** Ends what still runs. Throws where something had failed or printed more than the page says. */
  async close(): Promise<void> {
    const problems: string[] = []
    for (const [command, { process: child, stdout, stderr, seen }] of this.#running) {
      if (child.exitCode !== null && child.exitCode !== 0) problems.push(`${command} failed:\n${stderr}`)
      if (stdout.length > seen) problems.push(`${command} also printed:\n${stdout.slice(seen)}`)
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
    }
    await rm(this.folder, { recursive: true, force: true })
    if (problems.length > 0) throw new Error(problems.join('\n'))
  }

  #get(command: string): Running {
    const running = this.#running.get(command)
    if (!running) throw new Error(`"${command}" was not started.`)
    return running
  }
}

async function waitFor(running: Running, holds: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + PATIENCE_MS
  while (!holds()) {
    if (running.process.exitCode !== null || Date.now() > giveUpAt) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
