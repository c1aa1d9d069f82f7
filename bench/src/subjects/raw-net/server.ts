// The floor: a handshake, and from then on nothing but `net.Socket.write` of a frame that is ready.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { serveCommands } from '../commands'

/** Of RFC 6455: proves that the server knows what a WebSocket is. */
const HANDSHAKE_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** A masked frame of less than 126 bytes: two bytes of header, four of mask. */
const CLIENT_HEADER_BYTES = 6

const sockets = new Set<Socket>()

const server = createServer((socket) => {
  socket.setNoDelay(true)
  socket.once('data', (request) => {
    const key = /sec-websocket-key: *(\S+)/i.exec(String(request))?.[1]
    const accept = createHash('sha1').update(`${key}${HANDSHAKE_GUID}`).digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    sockets.add(socket)
    socket.on('data', passOn)
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => sockets.delete(socket))
})

/** One message is in flight of each publisher, so what comes at once is whole frames. */
function passOn(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) {
    const length = (bytes[at + 1] as number) & 0x7f
    const body = bytes.subarray(at + CLIENT_HEADER_BYTES, at + CLIENT_HEADER_BYTES + length)
    const frame = Buffer.concat([Buffer.from([0x81, length]), body])
    for (const socket of sockets) socket.write(frame)
    at += CLIENT_HEADER_BYTES + length
  }
}

server.listen(0, '127.0.0.1')
await once(server, 'listening')
serveCommands((server.address() as AddressInfo).port)
