import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/**
 * Stands in front of a real Redis and hands everything through, or answers every command with one error: for what a real
 * Redis says only in states that last too short a time, or that need other machines.
 */
export class RefusingProxy {
  /** The error that commands are answered with from now on; null to hand them through. */
  error: string | null = null
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    onTestFinished(() => this.#end())
  }

  static async before(redisPort: number): Promise<RefusingProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const proxy = new RefusingProxy(server)
    server.on('connection', (socket) => proxy.#serve(socket, redisPort))
    return proxy
  }

  #serve(socket: Socket, redisPort: number): void {
    const redis = createConnection({ port: redisPort, host: '127.0.0.1' })
    for (const [own, other] of [
      [socket, redis],
      [redis, socket],
    ] as const) {
      this.#sockets.add(own)
      own.on('error', () => {})
      own.on('close', () => {
        this.#sockets.delete(own)
        other.destroy()
      })
    }
    redis.on('data', (chunk) => socket.write(chunk))
    socket.on('data', (chunk: Buffer) => {
      if (this.error === null) return void redis.write(chunk)
      // A command is an array of strings. None of a client's own values begins like this at the start of a line.
      const commands = chunk.toString('latin1').match(/^\*\d+\r$/gm)?.length ?? 0
      socket.write(`-${this.error}\r\n`.repeat(commands))
    })
  }

  #end(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}
