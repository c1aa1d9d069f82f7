// A listener of one's own: presence over plain TCP, a line for each message, for devices that speak no WebSocket.
//   npx tsx --conditions=@rollcall/source examples/tcp-listener.ts
//   printf '{"path":"/socket","params":{"user_id":"lamp"}}\n["1","1","room:lobby","phx_join",{"meta":{}}]\n' | nc -q 2 127.0.0.1 9091

import { createServer as createTcpServer, type Socket } from 'node:net'
import { pathToFileURL } from 'node:url'
import { type Admit, createServer, type Packet, type Wire, type WireEvents } from '@rollcall/server'

/*
 *   client  --{"path", "params", "token"}--> admit --refused--> {"status", "error", "message"}, the end
 *                                              |
 *                                            taken: {"status": 200}, and from then on, in both directions:
 *                                              [...]              a message
 *                                              ping, pong         the peer shows that it is there
 *                                              close CODE REASON  answered with the same, then the end
 */

const MAX_LINE_BYTES = 262_144
const HANDSHAKE_MS = 5000
const SUBPROTOCOL = 'rollcall.v1'

class LineWire implements Wire {
  readonly #socket: Socket
  readonly #closeTimeoutMs: number
  #events: WireEvents | null = null
  #isOpen = true
  #end = { code: 1006, reason: '' }

  constructor(socket: Socket, closeTimeoutMs: number) {
    this.#socket = socket
    this.#closeTimeoutMs = closeTimeoutMs
  }

  listen(events: WireEvents): void {
    this.#events = events
    this.#socket.on('drain', () => this.#drained())
    this.#socket.on('close', () => events.onClose(this.#end.code, this.#end.reason))
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength
  }

  get sentBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength
  }

  send(packets: readonly Packet[]): number {
    if (!this.#isOpen) return 0
    let owedBytes = 0
    this.#socket.cork()
    for (const { frames, isState } of packets) {
      for (const frame of frames) {
        const line = `${frame}\n`
        this.#socket.write(line)
        if (!isState) owedBytes += Buffer.byteLength(line)
      }
    }
    this.#socket.uncork()
    return owedBytes
  }

  watchDrain(): void {
    // Past its own high-water mark the socket tells by itself.
    if (this.#socket.writableNeedDrain) return
    this.#socket.write('', (error) => {
      if (error) return
      if (this.bufferedBytes === 0) this.#drained()
      else this.watchDrain()
    })
  }

  ping(): void {
    if (this.#isOpen) this.#socket.write('ping\n')
  }

  close(code: number, reason: string): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#socket.write(`close ${code} ${reason}\n`)
    const timer = setTimeout(() => this.#socket.destroy(), this.#closeTimeoutMs)
    this.#socket.once('close', () => clearTimeout(timer))
  }

  terminate(): void {
    this.#isOpen = false
    this.#socket.destroy()
  }

  /** A line of the peer. */
  read(line: Buffer): void {
    const word = line.subarray(0, 6).toString()
    if (word === 'close ') return this.#left(line.toString())
    if (!this.#isOpen) return
    if (word === 'pong') this.#events?.onPong()
    else if (word === 'ping') this.#socket.write('pong\n')
    else this.#events?.onMessage(line, false, line.length + 1)
  }

  #left(line: string): void {
    const [, code = '1000', ...reason] = line.split(' ')
    this.#end = { code: Number(code), reason: reason.join(' ') }
    this.close(this.#end.code, this.#end.reason)
    this.#socket.end()
  }

  #drained(): void {
    if (this.#isOpen && this.bufferedBytes === 0) this.#events?.onDrain()
  }
}

export interface TcpListener {
  readonly port: number
  /** Takes no handshake any more. Connections that are open stay so: the server ends them when it closes. */
  stop(): void
}

/** Listens for TCP connections whose handshakes `admit` decides over: `server.admit`, of a Rollcall server. */
export async function listenTcp(admit: Admit, port = 0, closeTimeoutMs = 2000): Promise<TcpListener> {
  let isStopped = false

  async function handshake(socket: Socket, line: Buffer): Promise<LineWire | null> {
    const request = parse(line)
    if (!request) return refuse(socket, 400, 'invalid_message', 'The first line is no handshake.')
    const { path = '/', params = {}, token = null } = request
    const answer = await admit({
      path: String(path),
      params: new Map(Object.entries(params).map(([name, value]) => [name, String(value)])),
      headers: {},
      subprotocols: [SUBPROTOCOL],
      token: typeof token === 'string' ? token : null,
      remoteAddress: socket.remoteAddress ?? '',
    })
    if ('status' in answer) return refuse(socket, answer.status, answer.reason, answer.message)
    if (socket.destroyed || isStopped) {
      answer.abandon()
      return refuse(socket, 503, 'closing', 'The server is shutting down.')
    }
    socket.write('{"status":200}\n')
    const wire = new LineWire(socket, closeTimeoutMs)
    wire.listen(answer.open(wire))
    return wire
  }

  const server = createTcpServer({ noDelay: true, allowHalfOpen: false }, (socket) => {
    socket.on('error', () => {})
    let wire: LineWire | null = null
    let isAsking = false
    socket.setTimeout(HANDSHAKE_MS, () => socket.destroy())
    readLines(socket, (line) => {
      if (wire) return wire.read(line)
      if (isAsking) return void socket.destroy()
      isAsking = true
      socket.setTimeout(0)
      // What comes before the answer stays in the socket.
      socket.pause()
      handshake(socket, line).then(
        (taken) => {
          wire = taken
          socket.resume()
        },
        () => socket.destroy(),
      )
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as { port: number }).port,
    stop: () => {
      isStopped = true
      server.close()
    },
  }
}

/** Calls `onLine` for each line; ends a connection whose line is too long. */
function readLines(socket: Socket, onLine: (line: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  const read = () => {
    for (let end = rest.indexOf(10); end !== -1 && !socket.isPaused(); end = rest.indexOf(10)) {
      const line = rest.subarray(0, end)
      rest = rest.subarray(end + 1)
      onLine(line)
    }
    if (rest.length > MAX_LINE_BYTES) socket.destroy()
  }
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk])
    read()
  })
  socket.on('resume', read)
}

function refuse(socket: Socket, status: number, error: string, message: string): null {
  if (!socket.destroyed) socket.end(`${JSON.stringify({ status, error, message })}\n`)
  return null
}

function parse(line: Buffer): { path?: unknown; params?: object; token?: unknown } | null {
  try {
    const value = JSON.parse(line.toString())
    return typeof value === 'object' && typeof (value?.params ?? {}) === 'object' ? value : null
  } catch {
    return null
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const server = createServer()
  await server.listen()
  const listener = await listenTcp((request) => server.admit(request), 9091)
  console.log(`ws://127.0.0.1:${server.address().port}/socket and lines of TCP at 127.0.0.1:${listener.port}`)
  process.once('SIGINT', () => {
    listener.stop()
    void server.close()
  })
}
