import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A way to a server that can be made to carry nothing any more, without a word to either end: a closed laptop. */
export class TcpProxy {
  readonly #server: Server
  readonly #pairs = new Set<readonly [Socket, Socket]>()

  static async open(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  private constructor(targetPort: number) {
    this.#server = createServer((near) => {
      const far = connect(targetPort, '127.0.0.1')
      const pair = [near, far] as const
      this.#pairs.add(pair)
      for (const [from, to] of [pair, [far, near] as const]) {
        from.pipe(to)
        from.on('error', () => {})
        from.on('close', () => {
          to.destroy()
          this.#pairs.delete(pair)
        })
      }
    })
    onTestFinished(() => {
      this.#server.close()
      for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Nothing comes through on the connections there are; new ones are as good as ever. */
  freeze(): void {
    for (const [near, far] of this.#pairs) {
      for (const socket of [near, far]) {
        socket.unpipe()
        socket.pause()
      }
    }
  }
}
