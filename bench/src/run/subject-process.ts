import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { within } from '../measure/deadline'
import type { LoopDelay } from '../measure/loop-delay'
import type { SubjectName } from '../subjects/speeches'
import { adopt, end } from './children'
import { Conversation } from './conversation'
import { commandOf } from './programs'

const START_TIMEOUT_MS = 15_000
const ANSWER_TIMEOUT_MS = 30_000

/** A server in a process of its own. */
export class SubjectProcess {
  readonly name: SubjectName
  readonly pid: number
  readonly port: number
  readonly #child: ChildProcess
  readonly #conversation: Conversation

  private constructor(name: SubjectName, child: ChildProcess, conversation: Conversation, port: number) {
    this.name = name
    this.pid = child.pid as number
    this.port = port
    this.#child = child
    this.#conversation = conversation
  }

  /** @param command the subject's own program, unless it is run in another way. */
  static async start(name: SubjectName, command = commandOf(name)): Promise<SubjectProcess> {
    if (typeof command === 'string') throw new Error(command)
    const [program = '', ...args] = command
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_ENV: 'production' },
    })
    adopt(child)
    const conversation = new Conversation(name, (request) =>
      child.stdin.write(`${JSON.stringify(request)}\n`),
    )
    const started = new Promise<number>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const said = JSON.parse(line)
        if (said.port === undefined) conversation.take(said)
        else resolve(said.port)
      })
      child.once('error', (error) => reject(error))
      child.once('exit', (code, signal) => {
        const reason = `exit ${code ?? signal}`
        conversation.end(reason)
        reject(new Error(`${name} did not start: ${reason}`))
      })
    })
    child.stdin.on('error', () => {})
    try {
      return new SubjectProcess(
        name,
        child,
        conversation,
        await within(START_TIMEOUT_MS, `${name}: its start`, started),
      )
    } catch (error) {
      await end(child)
      throw error
    }
  }

  /** Begins to watch its event loop anew. */
  async resetLoop(): Promise<void> {
    await this.ask('reset')
  }

  readLoop(): Promise<LoopDelay> {
    return this.ask('loop')
  }

  /** A full garbage collection. */
  async collectGarbage(): Promise<void> {
    await this.ask('gc')
  }

  ask<T>(ask: string, argument: Readonly<Record<string, unknown>> = {}): Promise<T> {
    return this.#conversation.ask({ ask, ...argument }, ANSWER_TIMEOUT_MS)
  }

  end(): Promise<void> {
    return end(this.#child)
  }
}
