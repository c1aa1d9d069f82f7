import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * A cable between browser and server that can be pulled. The browser's own offline switch leaves open WebSockets
 * alone, and so would show nothing.
 */
export class TcpProxy {
  readonly #targetPort: number
  readonly #sockets = new Set<Socket>()
  #server: Server | null = null
  #port = 0

  private constructor(targetPort: number) {
    this.#targetPort = targetPort
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort)
    await proxy.mend()
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`
  }

  /** Breaks every connection, and refuses new ones until `mend`. */
  async cut(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server === null) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  /** Lets connections through again, on the same port. */
  async mend(): Promise<void> {
    const server = createServer((near) => this.#join(near))
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address !== null && typeof address !== 'string') this.#port = address.port
    this.#server = server
  }

  #join(near: Socket): void {
    const far = connect(this.#targetPort, '127.0.0.1')
    for (const socket of [near, far]) {
      this.#sockets.add(socket)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
      // The other end is told by the close that follows.
      socket.on('error', () => {})
    }
    near.pipe(far).pipe(near)
  }
}
