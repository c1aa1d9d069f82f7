import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export interface Backend {
  readonly port: number
  readiness(): Promise<number>
}

/** Takes connections, and passes each on to the next of its backends that is ready. */
export class Balancer {
  /** May be changed at any time; what is connected stays where it is. */
  backends: readonly Backend[] = []
  readonly #server: Server = createServer((near) => void this.#join(near))
  readonly #sockets = new Set<Socket>()
  #turn = 0

  static async start(): Promise<Balancer> {
    const balancer = new Balancer()
    balancer.#server.listen(0, '127.0.0.1')
    await once(balancer.#server, 'listening')
    return balancer
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    return address.port
  }

  /** Every connection breaks. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #join(near: Socket): Promise<void> {
    this.#keep(near)
    const backend = await this.#next()
    if (!backend || near.destroyed) return void near.destroy()
    const far = connect({ port: backend.port, host: '127.0.0.1', noDelay: true })
    this.#keep(far)
    for (const [from, to] of [[near, far] as const, [far, near] as const]) {
      from.once('close', () => to.destroy())
      from.pipe(to)
    }
  }

  /** All are asked at once, so that one that never answers holds nobody up for longer than it takes to give up. */
  async #next(): Promise<Backend | undefined> {
    const first = this.#turn++
    const { backends } = this
    const inTurn = backends.map((_, i) => backends[(first + i) % backends.length] as Backend)
    const states = await Promise.all(inTurn.map((backend) => backend.readiness()))
    return inTurn[states.indexOf(200)]
  }

  #keep(socket: Socket): void {
    socket.setNoDelay()
    socket.on('error', () => {})
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
  }
}
