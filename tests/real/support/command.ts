import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** The built command. */
export const commandPath = fileURLToPath(new URL('../../../packages/server/dist/cli.js', import.meta.url))

/** The built command, running; ended when the test ends. */
export class Command {
  readonly process: ChildProcessByStdio<null, Readable, Readable>
  output = ''
  errors = ''

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    this.process = spawn(process.execPath, [commandPath, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '', ...env },
    })
    this.process.stdout.on('data', (chunk) => {
      this.output += chunk
    })
    this.process.stderr.on('data', (chunk) => {
      this.errors += chunk
    })
    onTestFinished(() => void this.process.kill('SIGKILL'))
  }

  /** Resolves with the port once it says that it serves. */
  async port(): Promise<number> {
    for (;;) {
      const [, port] = /serves on http:\/\/[^/]*:(\d+)\//.exec(this.output) ?? []
      if (port !== undefined && this.output.includes('Ctrl-C')) return Number(port)
      if (this.process.exitCode !== null)
        throw new Error(`It ended with ${this.process.exitCode}: ${this.errors}`)
      await Promise.race([once(this.process.stdout, 'data'), once(this.process, 'exit')])
    }
  }

  async exitCode(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'exit')
    return this.process.exitCode
  }
}
