import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { systemClock } from '../io/clock'
import type { CompressionOptions } from '../io/packet'
import { PacketBatch } from '../io/packet'
import { ReadScheduler } from '../io/read-scheduler'
import type { WireEvents } from '../io/wire'
import { WsWire } from '../io/ws-wire'
import { type ClientFrame, clientFrame } from './client-frames'
import { until } from './until'
import { Receiver } from './ws-receiver'

export interface WiredPairOptions {
  readonly compression?: CompressionOptions | null
  readonly closeTimeoutMs?: number
  readonly maxMessageBytes?: number
  /** Bytes that arrive together with the handshake. */
  readonly head?: Buffer
}

/** A wire over a real socket, and a peer at its other end that reads frames as `ws` does. End it after use. */
export async function wiredPair(ws: object, options: WiredPairOptions = {}) {
  const { compression = null, closeTimeoutMs = 5000, maxMessageBytes = 100_000 } = options
  // With the options of Node's HTTP server.
  const server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const [own] = (await once(server, 'connection')) as [Socket]
  own.on('error', () => {})
  const errors: Error[] = []
  socket.on('error', (error) => errors.push(error))
  const end = async () => {
    own.destroy()
    socket.destroy()
    server.close()
    await once(server, 'close')
  }

  const told: string[] = []
  /** The bytes without a message. */
  const unread = { bytes: 0 }
  const events: WireEvents = {
    onMessage: (data, isBinary) => void told.push(isBinary ? `bytes ${data.length}` : `text ${data}`),
    onNonMessageBytes: (bytes) => {
      unread.bytes += bytes
    },
    onPong: () => void told.push('pong'),
    onDrain: () => void told.push(`drain ${wire.bufferedBytes}`),
    onClose: (code, reason) => void told.push(`close ${code} ${reason}`),
  }
  const isCompressed = compression !== null
  const wire = new WsWire(own, {
    clock: systemClock,
    batch: new PacketBatch(systemClock),
    compression,
    readScheduler: new ReadScheduler(systemClock),
    closeTimeoutMs,
    reading: { maxMessageBytes, isCompressed },
  })
  wire.listen(events, options.head ?? Buffer.alloc(0))
  return {
    wire,
    told,
    unread,
    own,
    peer: new WiredPeer(socket, new Receiver(ws, { isCompressed }), errors),
    end,
  }
}

export class WiredPeer {
  readonly socket: Socket
  readonly errors: readonly Error[]
  readonly receiver: Receiver
  /** Whether the server has ended its side. */
  isEnded = false
  isClosed = false

  constructor(socket: Socket, receiver: Receiver, errors: readonly Error[]) {
    this.socket = socket
    this.errors = errors
    this.receiver = receiver
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

  /** The messages so far. Waits until there are this many. */
  async heard(count: number): Promise<readonly (string | number)[]> {
    const { receiver } = this
    await until(() => receiver.messages.length >= count, `${count} messages`)
    return receiver.messages.map(({ data, isBinary }) => (isBinary ? data.length : data.toString()))
  }
}
