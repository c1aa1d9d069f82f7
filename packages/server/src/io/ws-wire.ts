import type { Duplex } from 'node:stream'
import type { CompressionOptions, Packet, PacketBatch } from './packet'
import type { Reader, ReadScheduler } from './read-scheduler'
import { SLICE_BYTES, SliceQueue } from './slice-queue'
import { FrameReader, type FrameReaderOptions, type FrameSink } from './websocket/frame-reader'
import { encodeClose, encodeFrame, OPCODE } from './websocket/frame-writer'
import type { Wire, WireEvents } from './wire'

/*
 *   socket --data--> Intake --> FrameReader --> events     what the peer says
 *   socket <-write-- Batch <-- packets                     what is due to it, encoded once for all
 *
 * The listeners are shared by all wires, and a wire that is quiet holds no buffer and no timer: it is what a server has
 * most of.
 */

/** What all wires of a listener share. */
export interface WsWireContext {
  readonly batch: PacketBatch
  readonly readScheduler: ReadScheduler
  readonly reading: FrameReaderOptions
  /** Null where permessage-deflate was not agreed on. */
  readonly compression: CompressionOptions | null
  /** Milliseconds that a peer has to answer a close frame. */
  readonly closeTimeoutMs: number
}

/** Pongs are not queued for a peer that reads nothing: past this many bytes it is not answered. */
const PONG_BACKLOG_BYTES = 65_536

const NOTHING = new Uint8Array(0)

const PING = encodeFrame(OPCODE.ping, NOTHING)

/** No orderly close: the peer went without a word. */
const ABNORMAL = 1006

const WIRE = Symbol('wire')

/** A socket that is read by a wire. */
interface WiredSocket extends Duplex {
  [WIRE]?: WsWire
}

export class WsWire implements Wire, FrameSink, Reader {
  readonly #socket: WiredSocket
  readonly #context: WsWireContext
  readonly #reader: FrameReader
  #events: WireEvents | null = null
  #phase: 'open' | 'closing' | 'over' = 'open'
  /** What waits until the system has taken more; null where nothing does. */
  #slices: SliceQueue | null = null
  /** All bytes that were to be written. */
  #givenBytes = 0
  /** The ping of the read at hand that is to be answered. */
  #ping: Buffer | null = null
  #code = ABNORMAL
  #reason = ''

  constructor(socket: Duplex, context: WsWireContext) {
    this.#socket = socket
    this.#context = context
    this.#reader = new FrameReader(context.reading, this)
  }

  /** Begins to read. `head` is what came with the handshake. */
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

  /** A socket tells by itself only where more waited than its own high-water mark. */
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
    const timer = setTimeout(() => this.#socket.destroy(), this.#context.closeTimeoutMs)
    this.#socket.once('close', () => clearTimeout(timer))
  }

  terminate(): void {
    // What was read with the present chunk is of nobody any more, either.
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

  /** The socket has room again. Of slices it tells after each; what matters then is that all have left. */
  onSocketDrain(): void {
    if (this.#slices) return
    if (this.#phase === 'open') this.#events?.onDrain()
  }

  /** The peer sends nothing more: without a close frame it went without a word. */
  onSocketEnd(): void {
    if (this.#phase === 'open') this.#socket.destroy()
    else this.#end()
  }

  closed(): void {
    if (this.#phase === 'over') return
    this.#phase = 'over'
    this.#events?.onClose(this.#code, this.#reason)
  }

  /** In one go where there is room for all of it; what is more waits for its turn, and all that comes after it. */
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

  /** After what is still to be written. */
  #end(): void {
    if (this.#slices) this.#slices.end()
    else this.#socket.end()
  }

  /** Of several pings the latest is answered, which answers those before it (RFC 6455, 5.5.3). */
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
   * Within a message only its end is a sign of life. Otherwise whoever answers pings could hold what a message may have,
   * in as many connections as it likes, for ever. (S-42)
   */
  #onAlive(): void {
    if (!this.#reader.isMidMessage) this.#events?.onPong()
  }

  onClose(code: number, reason: string): void {
    this.#code = code
    this.#reason = reason
    // 1005 stands for a close without a code, and is never sent.
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
