// Rollcall inside an HTTP server that is there already, whatever made it: node:http, Express, Fastify.
//   npx tsx --conditions=@rollcall/source examples/embed-http.ts
//   curl 'http://127.0.0.1:3000/who?topic=room:lobby'

import { createServer as createHttpServer, type Server } from 'node:http'
import { pathToFileURL } from 'node:url'
import { createServer, type RollcallServer } from '@rollcall/server'

export interface App {
  readonly http: Server
  readonly rollcall: RollcallServer
}

/** An application of one page, `GET /who?topic=…`, with presence beside it. Not yet listening. */
export function createApp(): App {
  const http = createHttpServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (url.pathname !== '/who') {
      response.writeHead(404).end('Not found\n')
      return
    }
    // The registry is the server's own view: no client, no socket.
    rollcall.registry.list(url.searchParams.get('topic') ?? 'room:lobby').then(
      (presences) => {
        const keys = [...new Set(presences.map(({ key }) => key))]
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(`${JSON.stringify({ keys })}\n`)
      },
      () => response.writeHead(503).end('Nobody can tell\n'),
    )
  })
  // Attached, Rollcall answers the WebSocket handshakes for /socket and /; all other requests stay the application's.
  const rollcall = createServer({ server: http })
  return { http, rollcall }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { http, rollcall } = createApp()
  const port = Number(process.env.PORT ?? 3000)
  http.listen(port, '127.0.0.1', () => {
    console.log(`http://127.0.0.1:${port}/who?topic=room:lobby and ws://127.0.0.1:${port}/socket`)
  })
  process.once('SIGINT', () => {
    // Connections first: an HTTP server waits for those that are upgraded, too.
    void rollcall.close().then(() => http.close())
  })
}
