import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'

/** A proxy that passes on requests and knows no WebSockets. Resolves with its port. */
export async function openHttpProxy(
  targetPort: number,
  onUpgrade: 'refuses' | 'ignores' | 'strips',
): Promise<number> {
  const sockets = new Set<Duplex>()
  const proxy = createServer((request, response) => {
    const { method, url, headers } = request
    // As a proxy does that knows only HTTP/1.0: what is hop by hop stays behind.
    const { upgrade: _upgrade, connection: _connection, ...passed } = headers
    const onward = httpRequest(
      { port: targetPort, host: '127.0.0.1', method, path: url, headers: passed },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      },
    )
    onward.on('error', () => response.destroy())
    response.on('close', () => onward.destroy())
    request.pipe(onward)
  })
  if (onUpgrade === 'refuses') {
    proxy.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
  } else if (onUpgrade === 'ignores') {
    proxy.on('upgrade', () => {})
  }
  proxy.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  onTestFinished(() => {
    proxy.close()
    for (const socket of sockets) socket.destroy()
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return (proxy.address() as AddressInfo).port
}
