import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/*
 * Another library on the application's HTTP server: it answers the upgrades that have `claimed` in their query at once,
 * also those of the path that is Rollcall's.
 */

/** The only message of this library. */
export const OTHERS_GREETING = 'mine'

/** Of RFC 6455, 1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

export function isOthers(request: IncomingMessage): boolean {
  return request.url?.includes('claimed') ?? false
}

export function answerAsOthers(request: IncomingMessage, socket: Duplex): void {
  const key = request.headers['sec-websocket-key'] ?? ''
  const accept = createHash('sha1').update(`${key}${WEBSOCKET_GUID}`).digest('base64')
  socket.write(
    [
      'HTTP/1.1 101 Switching Protocols',
      'Connection: Upgrade',
      'Upgrade: websocket',
      `Sec-WebSocket-Accept: ${accept}`,
      '\r\n',
    ].join('\r\n'),
  )
  socket.write(Buffer.concat([Buffer.from([0x81, OTHERS_GREETING.length]), Buffer.from(OTHERS_GREETING)]))
}
