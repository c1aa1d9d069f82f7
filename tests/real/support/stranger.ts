import { once } from 'node:events'
import { connect as connectTcp, type NetConnectOpts, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import { Peer } from './peer'

/** How a handshake went: an open connection, or the refusal. */
export interface Entry {
  readonly peer: Peer | null
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: any
}

/** Tries to connect natively. This machine has all addresses from 127.0.0.1 on: `localAddress` is another's. */
export async function enter(port: number, userId: string, options: ClientOptions = {}): Promise<Entry> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket?user_id=${userId}`, 'rollcall.v1', options)
  onTestFinished(() => socket.terminate())
  const peer = new Peer(socket)
  const refused = once(socket, 'unexpected-response')
  const opened = once(socket, 'open').then(() => null)
  // Of the two, one will never come; and an error that follows a refusal is no news.
  refused.catch(() => {})
  opened.catch(() => {})
  const outcome = await Promise.race([opened, refused])
  if (!outcome) return { peer, status: 101, headers: {}, body: null }
  const [, response] = outcome
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const body = JSON.parse(Buffer.concat(chunks).toString())
  return { peer: null, status: response.statusCode, headers: response.headers, body }
}

/** A TCP connection that says what it is told, and remembers what came and how it ended. */
export class RawPeer {
  readonly socket: Socket
  text = ''
  isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.text += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isClosed = true
    })
  }

  static async connect(port: number, options: Partial<NetConnectOpts> = {}): Promise<RawPeer> {
    const socket = connectTcp({ port, host: '127.0.0.1', ...options })
    onTestFinished(() => void socket.destroy())
    const peer = new RawPeer(socket)
    await once(socket, 'connect')
    return peer
  }

  /** The headers of a handshake; `lines` are more of them. */
  shake(path: string, key: string, ...lines: readonly string[]): void {
    const head = [
      `GET ${path} HTTP/1.1`,
      'Host: 127.0.0.1',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${key}`,
      'Sec-WebSocket-Protocol: rollcall.v1',
      ...lines,
    ]
    this.socket.write(`${head.join('\r\n')}\r\n\r\n`)
  }
}
