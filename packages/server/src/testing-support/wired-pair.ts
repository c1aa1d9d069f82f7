import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { Batch } from '../io/batch'
import type { CompressionOptions } from '../io/packet'
import type { WireEvents } from '../io/wire'
import { WsWire } from '../io/ws-wire'
import { type ClientFrame, clientFrame } from './client-frames'
import { until } from './until'
import { Receiver } from './ws-receiver'

export interface WiredPairOptions {
  readonly compression?: CompressionOptions | null
  readonly closeTimeoutMs?: number
  readonly maxMessageBytes?: number
  /** What comes in one piece with the handshake. */
  readonly head?: Buffer
}

/** A wire over a real socket, and the peer at its other end, a frame at a time. */
export async function wiredPair(options: WiredPairOptions = {}) {
  const { compression = null, closeTimeoutMs = 5000, maxMessageBytes = 100_000 } = options
  // As Node's HTTP server makes them.
  const server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const [own] = (await once(server, 'connection')) as [Socket]
  own.on('error', () => {})
  const errors: Error[] = []
  socket.on('error', (error) => errors.push(error))
  onTestFinished(async () => {
    own.destroy()
    socket.destroy()
    server.close()
    await once(server, 'close')
  })

  const told: string[] = []
  const events: WireEvents = {
    onMessage: (data, isBinary) => void told.push(isBinary ? `bytes ${data.length}` : `text ${data}`),
    onPong: () => void told.push('pong'),
    onDrain: () => void told.push(`drain ${wire.bufferedBytes}`),
    onClose: (code, reason) => void told.push(`close ${code} ${reason}`),
  }
  const isCompressed = compression !== null
  const wire = new WsWire(own, {
    batch: new Batch(),
    compression,
    closeTimeoutMs,
    reading: { maxMessageBytes, isCompressed },
  })
  wire.listen(events, options.head ?? Buffer.alloc(0))
  return { wire, told, own, peer: new WiredPeer(socket, isCompressed, errors) }
}

export class WiredPeer {
  readonly socket: Socket
  readonly errors: readonly Error[]
  readonly receiver: Receiver
  /** Whether the server has said that it sends nothing more. */
  isEnded = false
  isClosed = false

  constructor(socket: Socket, isCompressed: boolean, errors: readonly Error[]) {
    this.socket = socket
    this.errors = errors
    this.receiver = new Receiver({ isCompressed })
    let reading: Promise<unknown> = Promise.resolve()
    socket.on('data', (chunk) => {
      reading = reading.then(() => this.receiver.read(chunk))
    })
    socket.on('end', () => {
      this.isEnded = true
    })
    socket.on('close', () => {
      this.isClosed = true
    })
  }

  say(...frames: readonly ClientFrame[]): void {
    this.socket.write(Buffer.concat(frames.map(clientFrame)))
  }

  /** What it was sent so far; waits until there are this many messages. */
  async heard(count: number): Promise<readonly (string | number)[]> {
    const { receiver } = this
    await until(() => receiver.messages.length >= count, `${count} messages`)
    return receiver.messages.map(({ data, isBinary }) => (isBinary ? data.length : data.toString()))
  }
}
