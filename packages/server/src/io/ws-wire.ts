import type { Duplex } from 'node:stream'
import type { Clock } from './clock'
import type { CompressionOptions, Packet, PacketBatch } from './packet'
import type { Reader, ReadScheduler } from './read-scheduler'
import { SLICE_BYTES, SliceQueue } from './slice-queue'
import { FrameReader, type FrameReaderOptions, type FrameSink } from './websocket/frame-reader'
import { encodeClose, encodeFrame, OPCODE } from './websocket/frame-writer'
import type { Wire, WireEvents } from './wire'

/*
 *   socket --data--> ReadScheduler --> FrameReader --> events
 *   socket <-write-- PacketBatch <-- packets
 *
 * All wires share their listener functions, and an idle wire holds no buffer and no timer: a server has mostly idle wires.
 */

/** Shared by all wires of a listener, to save memory. */
export interface WsWireContext {
  readonly clock: Clock
  readonly batch: PacketBatch
  readonly readScheduler: ReadScheduler
  readonly reading: FrameReaderOptions
  /** Null if permessage-deflate was not negotiated. */
  readonly compression: CompressionOptions | null
  /** Milliseconds that a peer has to answer a close frame. */
  readonly closeTimeoutMs: number
}

/** Above this many waiting bytes, pings get no answer: a peer that reads nothing must not fill the queue with pongs. */
const PONG_BACKLOG_BYTES = 65_536

const NOTHING = new Uint8Array(0)

const PING = encodeFrame(OPCODE.ping, NOTHING)

/** The close code of a connection that ended without a close frame. */
const ABNORMAL = 1006

const WIRE = Symbol('wire')

/** A socket with its wire. */
interface WiredSocket extends Duplex {
  [WIRE]?: WsWire
}

export class WsWire implements Wire, FrameSink, Reader {
  readonly #socket: WiredSocket
  readonly #context: WsWireContext
  readonly #reader: FrameReader
  #events: WireEvents | null = null
  #phase: 'open' | 'closing' | 'over' = 'open'
  /** Bytes that wait for the system; null if none do. */
  #slices: SliceQueue | null = null
  /** Total bytes passed to `#write`. */
  #givenBytes = 0
  /** Data of the latest ping in the current read. */
  #ping: Buffer | null = null
  #code = ABNORMAL
  #reason = ''

  constructor(socket: Duplex, context: WsWireContext) {
    this.#socket = socket
    this.#context = context
    this.#reader = new FrameReader(context.reading, this)
  }

  /** Starts reading. `head` holds the bytes that followed the handshake. */
  listen(events: WireEvents, head: Buffer): void {
    const socket = this.#socket
    this.#events = events
    socket[WIRE] = this
    socket.on('data', onData)
    socket.on('drain', onDrain)
    socket.on('end', onEnd)
    socket.on('close', onClose)
    if (head.length > 0) this.read(head)
  }

  // --- Wire ------------------------------------------------------------------------------------------------------

  get bufferedBytes(): number {
    return this.#socket.writableLength + (this.#slices?.bytes ?? 0)
  }

  get sentBytes(): number {
    return this.#givenBytes - this.bufferedBytes
  }

  send(packets: readonly Packet[]): number {
    if (this.#phase !== 'open') return 0
    const { batch, compression } = this.#context
    this.#write(batch.encode(packets, compression))
    let bytes = 0
    for (const packet of packets) {
      if (!packet.isState) bytes += (compression ? packet.compressed(compression) : packet.plain()).length
    }
    return bytes
  }

  /** A socket emits `drain` by itself only after more bytes waited than its high-water mark. */
  watchDrain(): void {
    const socket = this.#socket
    if (this.#slices || socket.writableNeedDrain) return
    socket.write(NOTHING, (error) => {
      if (error) return
      if (this.bufferedBytes === 0) this.onSocketDrain()
      else this.watchDrain()
    })
  }

  ping(): void {
    if (this.#phase === 'open') this.#write([PING])
  }

  close(code: number, reason: string): void {
    if (this.#phase !== 'open') return
    this.#phase = 'closing'
    this.#reader.expectClose()
    this.#write([encodeClose(code, reason)])
    const { clock, closeTimeoutMs } = this.#context
    const timer = clock.after(closeTimeoutMs, () => this.#socket.destroy())
    this.#socket.once('close', () => timer.cancel())
  }

  terminate(): void {
    // The rest of the current chunk must not be delivered either.
    this.#reader.expectClose()
    this.#socket.destroy()
  }

  // --- the socket ------------------------------------------------------------------------------------------------

  onSocketData(chunk: Buffer): void {
    this.#context.readScheduler.schedule(this, chunk)
  }

  read(chunk: Buffer): void {
    if (this.#phase === 'over') return
    this.#reader.push(chunk)
    this.#answerPing()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** With slices, the socket drains after each of them, but only the last one counts. */
  onSocketDrain(): void {
    if (this.#slices) return
    if (this.#phase === 'open') this.#events?.onDrain()
  }

  /** The peer has ended its side. */
  onSocketEnd(): void {
    if (this.#phase === 'open') this.#socket.destroy()
    else this.#end()
  }

  closed(): void {
    if (this.#phase === 'over') return
    this.#phase = 'over'
    this.#events?.onClose(this.#code, this.#reason)
  }

  /** Writes at once if there is room for everything; otherwise this and all later writes wait in slices. */
  #write(pieces: readonly Uint8Array[]): void {
    const socket = this.#socket
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0)
    this.#givenBytes += bytes
    if (this.#slices || socket.writableLength + bytes > SLICE_BYTES) {
      const slices = this.#slices ?? new SliceQueue(socket, () => this.#sliced())
      slices.push(pieces)
      this.#slices = slices.isWaiting ? slices : null
    } else if (pieces.length === 1) socket.write(pieces[0])
    else {
      socket.cork()
      for (const piece of pieces) socket.write(piece)
      socket.uncork()
    }
  }

  #sliced(): void {
    this.#slices = null
    this.onSocketDrain()
  }

  /** Ends the socket after the waiting bytes. */
  #end(): void {
    if (this.#slices) this.#slices.end()
    else this.#socket.end()
  }

  /** Answers only the latest of several pings, as RFC 6455, 5.5.3 allows. */
  #answerPing(): void {
    const data = this.#ping
    if (!data) return
    this.#ping = null
    if (this.#phase === 'open' && this.bufferedBytes <= PONG_BACKLOG_BYTES) {
      this.#write([encodeFrame(OPCODE.pong, data)])
    }
  }

  // --- FrameSink -------------------------------------------------------------------------------------------------

  onMessage(data: Buffer, isBinary: boolean, wireBytes: number): void {
    this.#events?.onMessage(data, isBinary, wireBytes)
  }

  onIdle(bytes: number): void {
    this.#events?.onNonMessageBytes(bytes, false)
  }

  onPing(data: Buffer): void {
    this.#ping = data
    this.#onAlive()
  }

  onPong(): void {
    this.#onAlive()
  }

  /**
   * Within a fragmented message, control frames are no sign of life. Otherwise a peer that answers pings could hold a
   * message's memory indefinitely, in any number of connections. (S-42)
   */
  #onAlive(): void {
    if (!this.#reader.isMidMessage) this.#events?.onPong()
  }

  onClose(code: number, reason: string): void {
    this.#code = code
    this.#reason = reason
    // 1005 means a close without a code; it must never be sent.
    this.close(code === 1005 ? 1000 : code, '')
    this.#end()
  }

  onViolation(code: number, reason: string): void {
    this.#code = ABNORMAL
    this.#reason = reason
    this.close(code, reason)
    this.#end()
  }
}

function onData(this: WiredSocket, chunk: Buffer): void {
  this[WIRE]?.onSocketData(chunk)
}

function onDrain(this: WiredSocket): void {
  this[WIRE]?.onSocketDrain()
}

function onEnd(this: WiredSocket): void {
  this[WIRE]?.onSocketEnd()
}

function onClose(this: WiredSocket): void {
  this[WIRE]?.closed()
}
