import { once } from 'node:events'
import { WebSocket } from 'ws'

export interface ZzzFrame {
  readonly topic: string
  readonly event: string
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came.
  readonly payload: any
  readonly ref: string | null
}

/** A client of zzz's channels with nothing of Rollcall in it: `{topic, event, payload, ref}` objects over a WebSocket. */
export class ZzzPeer {
  readonly #socket: WebSocket
  readonly #received: ZzzFrame[] = []
  readonly #waiting = new Set<() => void>()
  /** Frames up to here were looked at by {@link event}. */
  readonly #taken = new Set<ZzzFrame>()
  #refs = 0

  static async open(port: number, user: string): Promise<ZzzPeer> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket?user_id=${encodeURIComponent(user)}`)
    await once(socket, 'open')
    return new ZzzPeer(socket)
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data) => {
      this.#received.push(JSON.parse(String(data)))
      for (const wake of this.#waiting) wake()
    })
  }

  /** Sends, and resolves with the payload of the reply. */
  async ask(topic: string, event: string, payload: unknown = {}): Promise<ZzzFrame['payload']> {
    this.#refs += 1
    const ref = String(this.#refs)
    this.#socket.send(JSON.stringify({ topic, event, payload, ref }))
    return (await this.#find((frame) => frame.event === 'phx_reply' && frame.ref === ref)).payload
  }

  /** The payload of the next event of this name that fits; each frame is taken once. */
  async event(
    event: string,
    fits: (payload: ZzzFrame['payload']) => boolean = () => true,
  ): Promise<ZzzFrame['payload']> {
    return (await this.#find((frame) => frame.event === event && fits(frame.payload))).payload
  }

  eventsSoFar(): string[] {
    return this.#received.map(({ event }) => event)
  }

  end(): void {
    this.#socket.terminate()
  }

  async #find(holds: (frame: ZzzFrame) => boolean): Promise<ZzzFrame> {
    const giveUpAt = Date.now() + 10_000
    for (;;) {
      const found = this.#received.find((frame) => !this.#taken.has(frame) && holds(frame))
      if (found) {
        this.#taken.add(found)
        return found
      }
      if (Date.now() > giveUpAt) throw new Error(`Waited in vain; got ${JSON.stringify(this.#received)}`)
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer)
          this.#waiting.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, 200)
        this.#waiting.add(wake)
      })
    }
  }
}
