import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What the honest are told, each order answered with a report. */
export type CrowdOrder =
  | {
      readonly kind: 'enter'
      readonly port: number
      readonly people: number
      readonly rooms: readonly string[]
      readonly secret: string
    }
  /** What they have seen since they were asked last. */
  | { readonly kind: 'take' }
  /** The same, after everybody has seen one change of everybody. */
  | { readonly kind: 'check' }

export interface CrowdReport {
  /** From a change of somebody's to its being seen, in milliseconds. */
  readonly latenciesMs: readonly number[]
  /** Connections. */
  readonly lost: number
  readonly violations: readonly string[]
}

const program = fileURLToPath(new URL('./crowd-program.ts', import.meta.url))

/** The honest, in a process of their own. */
export class CrowdProcess {
  readonly #child: ChildProcess

  constructor() {
    this.#child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    process.on('exit', () => this.end())
  }

  async order(order: CrowdOrder): Promise<CrowdReport> {
    this.#child.send(order)
    const [report] = (await once(this.#child, 'message')) as [CrowdReport]
    return report
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }
}
