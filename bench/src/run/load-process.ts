import { type ChildProcess, fork } from 'node:child_process'
import { within } from '../measure/deadline'
import { adopt, end } from './children'
import { Conversation } from './conversation'
import { program } from './programs'
import type { SubjectProcess } from './subject-process'

const START_TIMEOUT_MS = 15_000

/** The load generator, aimed at one subject. */
export class LoadProcess {
  readonly #child: ChildProcess
  readonly #conversation: Conversation

  private constructor(child: ChildProcess, conversation: Conversation) {
    this.#child = child
    this.#conversation = conversation
  }

  static async start({ name, port, pid }: SubjectProcess): Promise<LoadProcess> {
    const child = fork(program('load'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    adopt(child)
    const conversation = new Conversation('load generator', (request) => child.send(request as object))
    child.on('message', (message) => conversation.take(message as { answer?: unknown; error?: string }))
    child.once('exit', (code, signal) => conversation.end(`exit ${code ?? signal}`))
    const load = new LoadProcess(child, conversation)
    await within(START_TIMEOUT_MS, 'load generator: its start', conversation.next())
    await load.do('start', { subject: name, port, pid }, START_TIMEOUT_MS)
    return load
  }

  do<T>(task: string, argument: object, timeoutMs: number): Promise<T> {
    return this.#conversation.ask({ task, ...argument }, timeoutMs)
  }

  end(): Promise<void> {
    return end(this.#child)
  }
}
