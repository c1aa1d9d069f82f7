import { within } from '../measure/deadline'

interface Line {
  readonly answer?: unknown
  readonly error?: string
}

/** Questions to another process, each answered in its turn. Ends with an error when the process does. */
export class Conversation {
  readonly #who: string
  readonly #send: (request: unknown) => void
  readonly #waiting: { resolve(answer: unknown): void; reject(error: Error): void }[] = []
  #ended: Error | undefined

  constructor(who: string, send: (request: unknown) => void) {
    this.#who = who
    this.#send = send
  }

  /** @param timeoutMs after which it rejects; the process should be ended then */
  ask<T>(request: Readonly<Record<string, unknown>>, timeoutMs: number): Promise<T> {
    const answer = this.next<T>()
    if (!this.#ended) this.#send(request)
    return within(timeoutMs, `${this.#who}: ${String(Object.values(request)[0])}`, answer)
  }

  /** The next answer, which nobody has asked for. */
  next<T>(): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#ended) return reject(this.#ended)
      this.#waiting.push({ resolve: resolve as (answer: unknown) => void, reject })
    })
  }

  take(line: Line): void {
    const waiting = this.#waiting.shift()
    if (line.error === undefined) waiting?.resolve(line.answer)
    else waiting?.reject(new Error(`${this.#who}: ${line.error}`))
  }

  end(reason: string): void {
    this.#ended ??= new Error(`${this.#who} has ended: ${reason}`)
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended)
  }
}
