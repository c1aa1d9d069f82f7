import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'

const MAX_HEAD_BYTES = 65_536

export interface ForwardingProxyOptions {
  /** Of the server behind it. */
  readonly port: number
  /** Where it connects from: the address that the server trusts. */
  readonly localAddress: string
}

/**
 * A proxy as HAProxy is with `option forwardfor`: it passes on what clients send, and adds an `X-Forwarded-For` with their
 * address as the last header of a connection's first request.
 */
export class ForwardingProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(options: ForwardingProxyOptions): Promise<ForwardingProxy> {
    const server = createServer()
    const proxy = new ForwardingProxy(server)
    server.on('connection', (client) => proxy.#forward(client, options))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #forward(client: Socket, { port, localAddress }: ForwardingProxyOptions): void {
    const upstream = connect({ port, host: '127.0.0.1', localAddress })
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroySoon()
      })
    }
    const { remoteAddress = '' } = client
    let head = Buffer.alloc(0)
    const onData = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end === -1) return void (head.length > MAX_HEAD_BYTES && client.destroy())
      client.off('data', onData)
      upstream.write(head.subarray(0, end))
      upstream.write(`\r\nX-Forwarded-For: ${remoteAddress}`)
      upstream.write(head.subarray(end))
      client.pipe(upstream)
    }
    client.on('data', onData)
    upstream.pipe(client)
  }
}
