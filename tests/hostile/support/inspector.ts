import { once } from 'node:events'
import { WebSocket } from 'ws'

/** What a process has used, and holds. */
export interface Usage {
  readonly cpuSeconds: number
  readonly rssBytes: number
  /** After a collection: its heap, and buffers outside it. */
  readonly heldBytes: number
}

const MEASURE = `JSON.stringify([process.cpuUsage(), process.memoryUsage()])`

interface Answer {
  readonly id: number
  readonly result?: { readonly result?: { readonly value?: string } }
}

/** The other end of Node's inspector (`--inspect`): what a process that runs as it was built says of itself. */
export class Inspector {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #calls = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('error', () => {})
    socket.on('message', (data) => {
      const answer = JSON.parse(String(data)) as Answer
      this.#waiting.get(answer.id)?.(answer)
      this.#waiting.delete(answer.id)
    })
  }

  static async open(address: string): Promise<Inspector> {
    const socket = new WebSocket(address, { perMessageDeflate: false })
    await once(socket, 'open')
    return new Inspector(socket)
  }

  async usage(): Promise<Usage> {
    const [cpu, memory] = await this.#measure()
    await this.#call('HeapProfiler.collectGarbage', {})
    const [, collected] = await this.#measure()
    return {
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      rssBytes: memory.rss,
      heldBytes: collected.heapUsed + collected.external,
    }
  }

  close(): void {
    this.#socket.terminate()
  }

  async #measure(): Promise<[NodeJS.CpuUsage, NodeJS.MemoryUsage]> {
    const { result } = await this.#call('Runtime.evaluate', { expression: MEASURE, returnByValue: true })
    return JSON.parse(result?.result?.value ?? '[]')
  }

  #call(method: string, params: object): Promise<Answer> {
    const id = ++this.#calls
    this.#socket.send(JSON.stringify({ id, method, params }))
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }
}
