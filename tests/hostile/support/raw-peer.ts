import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { inflateRawSync, constants as zlib } from 'node:zlib'
import { clientFrame, closeFrame, text } from '../../../packages/server/src/testing-support/client-frames'

/*
 * A WebSocket client over bare TCP, which sends whatever bytes it is told and reads what a server answers.
 */

export interface Dial {
  readonly port: number
  /** @default '127.0.0.1' */
  readonly host?: string
  /** Where from; any address of the loopback network will do. @default the system's choice */
  readonly localAddress?: string
  /** With its query. @default '/socket' */
  readonly path?: string
  readonly subprotocol?: string
  readonly token?: string
  /** More lines of the head, and other values for the usual ones. */
  readonly headers?: Readonly<Record<string, string>>
}

/** The answer to a handshake that was not taken; status 0 where the connection ended without one. */
export interface Refusal {
  readonly status: number
  readonly headers: string
  readonly body: string
}

/** How a connection ended; 1006 without a close frame. */
export interface End {
  readonly code: number
  readonly reason: string
}

/** The head of a handshake. */
export function handshakeHead({ port, path = '/socket', subprotocol, token, headers = {} }: Dial): string {
  const lines = new Map<string, string>([
    ['Host', `127.0.0.1:${port}`],
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', '13'],
    ['Sec-WebSocket-Key', randomBytes(16).toString('base64')],
    ...(subprotocol === undefined ? [] : [['Sec-WebSocket-Protocol', subprotocol] as const]),
    ...(token === undefined ? [] : [['Authorization', `Bearer ${token}`] as const]),
    ...Object.entries(headers),
  ])
  return `GET ${path} HTTP/1.1\r\n${[...lines].map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n`
}

/** A bare connection. It never rejects for what the peer does later. */
export function dialTcp({ port, host = '127.0.0.1', localAddress }: Dial): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, ...(localAddress === undefined ? {} : { localAddress }) })
    socket.setNoDelay()
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

/** Shakes hands; the peer, or why not. */
export async function dial(request: Dial): Promise<RawPeer | Refusal> {
  const socket = await dialTcp(request).catch(() => null)
  if (!socket) return { status: 0, headers: '', body: '' }
  socket.write(handshakeHead(request))
  return new Promise((resolve) => {
    let answer = Buffer.alloc(0)
    const settle = (result: RawPeer | Refusal) => {
      socket.off('data', onData)
      socket.off('close', onClose)
      resolve(result)
    }
    const onClose = () => settle(refusalOf(answer.toString('latin1')))
    const onData = (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk])
      const headEnd = answer.indexOf('\r\n\r\n')
      if (headEnd === -1 || !answer.subarray(0, 12).toString('latin1').endsWith(' 101')) return
      const headers = answer.subarray(0, headEnd).toString('latin1')
      settle(new RawPeer(socket, headers, answer.subarray(headEnd + 4)))
    }
    socket.on('data', onData)
    socket.on('close', onClose)
  })
}

/** Shakes hands with a server that is expected to take it. Throws with its answer where it does not. */
export async function open(request: Dial): Promise<RawPeer> {
  const peer = await dial(request)
  if (peer instanceof RawPeer) return peer
  throw new Error(`The handshake was refused: ${peer.status} ${peer.body}`)
}

export function refusalOf(answer: string): Refusal {
  const [headers = '', ...body] = answer.split('\r\n\r\n')
  const [, status = '0'] = /^HTTP\/1\.[01] (\d{3})/.exec(headers) ?? []
  return { status: Number(status), headers, body: body.join('\r\n\r\n') }
}

export class RawPeer {
  readonly socket: Socket
  /** The head of the server's answer. */
  readonly headers: string
  /** The server's texts, or its bytes in latin1, as they come. Nothing is kept. */
  onMessage: (text: string, isBinary: boolean) => void = () => {}
  end: End | null = null
  #received: Buffer = Buffer.alloc(0)
  #close: End | null = null
  #pongs = 0
  #pings = 0
  readonly #waiting = new Set<() => void>()

  constructor(socket: Socket, headers: string, first: Buffer) {
    this.socket = socket
    this.headers = headers
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('close', () => {
      this.end = this.#close ?? { code: 1006, reason: '' }
      this.#wake()
    })
    if (first.length > 0) queueMicrotask(() => this.#read(first))
  }

  write(bytes: Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes)
  }

  /** Resolves once the server takes more, or nothing any more. */
  drained(): Promise<void> {
    const { socket } = this
    if (socket.destroyed || !socket.writableNeedDrain) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        socket.off('drain', done)
        socket.off('close', done)
        resolve()
      }
      socket.on('drain', done)
      socket.on('close', done)
    })
  }

  say(message: unknown): void {
    this.write(clientFrame(text(typeof message === 'string' ? message : JSON.stringify(message))))
  }

  /** Resolves once the server has read everything up to here, or the connection is over. Whether it is not. */
  async settled(withinMs: number): Promise<boolean> {
    const mine = ++this.#pings
    this.write(clientFrame({ opcode: 9, payload: Buffer.alloc(0) }))
    await this.until(() => this.#pongs >= mine || this.end !== null, withinMs, 'a pong or the end')
    return this.end === null
  }

  /** How it ended. */
  async ended(withinMs: number): Promise<End> {
    await this.until(() => this.end !== null, withinMs, 'the end of the connection')
    return this.end ?? { code: 1006, reason: '' }
  }

  /** The first message from now on for which this holds, parsed. */
  async hear(holds: (message: any) => boolean, withinMs: number): Promise<any> {
    const before = this.onMessage
    let heard: { readonly message: unknown } | null = null
    this.onMessage = (text, isBinary) => {
      before(text, isBinary)
      const message: unknown = isBinary ? text : JSON.parse(text)
      if (!heard && holds(message)) {
        heard = { message }
        this.#wake()
      }
    }
    try {
      await this.until(
        () => heard !== null || this.end !== null,
        withinMs,
        `a message for which ${holds} holds`,
      )
    } finally {
      this.onMessage = before
    }
    if (heard) return (heard as { readonly message: unknown }).message
    throw new Error(
      `It ended with ${this.end?.code} ${this.end?.reason} before a message for which ${holds} holds.`,
    )
  }

  /** Throws where it does not hold in time. Looked at whenever something comes. */
  async until(holds: () => boolean, withinMs: number, what: string): Promise<void> {
    const giveUpMs = performance.now() + withinMs
    while (!holds()) {
      const leftMs = giveUpMs - performance.now()
      if (leftMs <= 0) throw new Error(`Waited ${withinMs} ms for ${what}.`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, leftMs)
        const waiting = this.#waiting
        function done() {
          clearTimeout(timer)
          waiting.delete(done)
          resolve()
        }
        waiting.add(done)
      })
    }
  }

  close(code = 1000): void {
    this.write(clientFrame(closeFrame(code)))
  }

  destroy(): void {
    this.socket.destroy()
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  #read(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    for (;;) {
      const bytes = this.#received
      const size = (bytes[1] ?? 0) & 0x7f
      const head = size === 127 ? 10 : size === 126 ? 4 : 2
      if (bytes.length < head) break
      const length =
        size === 127 ? Number(bytes.readBigUInt64BE(2)) : size === 126 ? bytes.readUInt16BE(2) : size
      if (bytes.length < head + length) break
      this.#received = bytes.subarray(head + length)
      this.#frame(bytes[0] as number, bytes.subarray(head, head + length))
    }
    this.#wake()
  }

  #frame(first: number, payload: Buffer): void {
    switch (first & 0x0f) {
      case 1:
      case 2: {
        const isBinary = (first & 0x0f) === 2
        const body =
          (first & 0x40) === 0 ? payload : inflateRawSync(payload, { finishFlush: zlib.Z_SYNC_FLUSH })
        return this.onMessage(body.toString(isBinary ? 'latin1' : 'utf8'), isBinary)
      }
      case 8:
        this.#close =
          payload.length < 2
            ? { code: 1005, reason: '' }
            : { code: payload.readUInt16BE(0), reason: payload.subarray(2).toString() }
        this.socket.end()
        return
      case 9:
        return this.write(clientFrame({ opcode: 10, payload }))
      case 10:
        this.#pongs++
    }
  }
}
