import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/**
 * A WebSocket client that shakes hands, sends texts, and then neither answers pings nor closes: what a laptop that
 * was shut leaves behind.
 */
export async function connectSilently(port: number, path: string, subprotocol: string): Promise<SilentPeer> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  const head = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    `Sec-WebSocket-Protocol: ${subprotocol}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  await once(socket, 'data')
  return new SilentPeer(socket)
}

export class SilentPeer {
  constructor(readonly socket: Socket) {}

  /** One text frame of less than 126 bytes, masked with zeros. */
  send(text: string): void {
    const body = Buffer.from(text)
    this.socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | body.length, 0, 0, 0, 0]), body]))
  }
}
