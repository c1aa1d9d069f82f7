import { type Channel, Socket } from '@rollcall/client'
import type { LeaveReason } from '@rollcall/shared-protocol'

type Meta = { readonly n: number }

/** Somebody in a topic who notes all that they are told of others. */
export class Visitor {
  readonly name: string
  readonly channel: Channel<Meta>
  /** Whom they were told as gone, and when by the system's clock. */
  readonly leaves: { readonly key: string; readonly reason: LeaveReason; readonly atMs: number }[] = []
  /** Keys that were there twice at any time: nobody here has two devices. */
  readonly doubles = new Set<string>()
  /** What they last said of themselves. */
  meta: Meta = { n: 0 }
  /** Updates that were refused, or of which nothing was heard. */
  readonly failures: unknown[] = []
  readonly #socket: Socket
  #updates: Promise<void>[] = []
  #timer: NodeJS.Timeout | undefined

  private constructor(name: string, port: number, topic: string) {
    this.name = name
    this.#socket = new Socket(`ws://127.0.0.1:${port}/socket`, {
      params: { user_id: name },
      backoff: { baseMs: 20, capMs: 200 },
      updateIntervalMs: 20,
      timeoutMs: 30_000,
    })
    this.channel = this.#socket.channel<Meta>(topic, { meta: this.meta })
    const { presence } = this.channel
    presence.on('presence_leave', ({ key }, reason) => this.leaves.push({ key, reason, atMs: Date.now() }))
    presence.subscribe(() => {
      for (const { key, presences } of presence.list()) if (presences.length > 1) this.doubles.add(key)
    })
  }

  /** Resolves once they are in the topic. */
  static async come(name: string, port: number, topic: string): Promise<Visitor> {
    const visitor = new Visitor(name, port, topic)
    visitor.#socket.connect()
    await visitor.channel.join()
    return visitor
  }

  /** Key to meta of everybody whom they see. */
  get map(): Record<string, Meta> {
    const sorted = [...this.channel.presence].sort(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(sorted.map(([key, { meta }]) => [key, meta]))
  }

  /** Changes their meta; what comes of it is awaited by {@link rest}. */
  update(): void {
    this.meta = { n: this.meta.n + 1 }
    const sent = this.channel.presence.update(this.meta)
    this.#updates.push(sent.catch((error) => void this.failures.push(error)))
  }

  /** Changes their meta all the time. */
  bustle(everyMs: number): void {
    this.#timer = setInterval(() => this.update(), everyMs)
  }

  /** Changes nothing any more. */
  rest(): void {
    clearInterval(this.#timer)
  }

  /** Resolves once each update has its answer. */
  async answered(): Promise<void> {
    await Promise.all(this.#updates)
  }

  go(): void {
    this.rest()
    void this.#socket.disconnect()
  }
}

/** What everybody's map has to be: who is here, with what they last said. */
export function mapOf(visitors: readonly Visitor[]): Record<string, Meta> {
  const sorted = [...visitors].sort((a, b) => (a.name < b.name ? -1 : 1))
  return Object.fromEntries(sorted.map(({ name, meta }) => [name, meta]))
}
