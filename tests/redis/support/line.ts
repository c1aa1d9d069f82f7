import { connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** One connection of a line. What is held comes through when it is let go, whoever has hung up by then. */
interface Pair {
  readonly client: Socket
  readonly redis: Socket
  isStalled: boolean
  readonly held: (() => void)[]
}

/** A line to Redis that a test can make worse. */
export class Line {
  readonly #server: Server
  readonly #target: number
  readonly #pairs = new Set<Pair>()
  #isStalled = false
  /** Milliseconds that bytes are under way, in both directions. */
  delayMs = 0

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#join(client))
  }

  static async start(target: number): Promise<Line> {
    const line = new Line(target)
    await new Promise<void>((resolve) => line.#server.listen(0, '127.0.0.1', resolve))
    onTestFinished(async () => {
      line.cut()
      await new Promise((resolve) => line.#server.close(resolve))
    })
    return line
  }

  get url(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    return `redis://127.0.0.1:${address.port}`
  }

  /** Nothing comes through any more, and nobody is told; also not through connections that are made later. */
  stall(): void {
    this.#isStalled = true
    this.stallPresent()
  }

  /** Nothing comes through the connections that there are. */
  stallPresent(): void {
    for (const pair of this.#pairs) pair.isStalled = true
  }

  /** What was held comes through, and whatever comes then. */
  resume(): void {
    this.#isStalled = false
    for (const pair of this.#pairs) {
      pair.isStalled = false
      for (const run of pair.held.splice(0)) run()
    }
  }

  /** Ends every connection without a word. */
  cut(): void {
    for (const { client, redis } of this.#pairs) {
      client.destroy()
      redis.destroy()
    }
    this.#pairs.clear()
  }

  /** Sends nothing more to the node, and goes on reading what it says. */
  halfClose(): void {
    for (const { client } of this.#pairs) client.end()
  }

  #join(client: Socket): void {
    const redis = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true })
    const pair: Pair = { client, redis, isStalled: this.#isStalled, held: [] }
    this.#pairs.add(pair)
    for (const [from, to] of [[client, redis] as const, [redis, client] as const]) {
      from.on('data', (chunk) => this.#pass(pair, () => to.writable && to.write(chunk)))
      from.on('end', () => this.#pass(pair, () => to.end()))
      from.on('error', () => {})
      from.on('close', () =>
        this.#pass(pair, () => {
          to.end()
          this.#pairs.delete(pair)
        }),
      )
    }
  }

  #pass(pair: Pair, run: () => void): void {
    if (pair.isStalled) pair.held.push(run)
    else if (this.delayMs === 0) run()
    else setTimeout(run, this.delayMs)
  }
}
