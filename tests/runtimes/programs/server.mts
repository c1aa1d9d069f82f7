// A server of the packages as they are installed, to be run on the runtime under test. Its first argument is JSON, a
// ServerSetUp. It prints where it serves, and closes on SIGTERM.
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import {
  createServer,
  jwtAuthenticate,
  RedisStore,
  type RedisStoreOptions,
  type ServerOptions,
} from '@rollcall/server'

export interface ServerSetUp {
  readonly options?: ServerOptions
  /** Presences in room:crowd. @default 0 */
  readonly bots?: number
  /** Of a store to share. */
  readonly redis?: RedisStoreOptions
  /** Without it nobody is asked for a token. */
  readonly jwtSecret?: string
  /** Attaches the server to an HTTPS server with this certificate. */
  readonly tls?: { readonly key: string; readonly cert: string }
}

const setUp: ServerSetUp = JSON.parse(process.argv[2] ?? '{}')
const { options = {}, bots = 0, redis, jwtSecret, tls } = setUp

const write = (level: string) => (details: { err?: unknown }, message: string) => {
  const { err } = details
  const rest = err instanceof Error ? err.stack : JSON.stringify(details)
  process.stderr.write(`${level}: ${message} ${rest}\n`)
}
const logger = { debug() {}, info() {}, warn: write('warn'), error: write('error') }
const http = tls ? createHttpsServer(tls, (_request, response) => void response.end('mine')) : null
const store = redis ? new RedisStore({ ...redis, logger }) : null
const server = createServer({
  ...options,
  logger,
  ...(http ? { server: http } : { host: '127.0.0.1', port: 0 }),
  ...(store ? { store } : {}),
  ...(jwtSecret === undefined ? {} : { authenticate: jwtAuthenticate({ secret: jwtSecret }) }),
})
for (let n = 0; n < bots; n++) {
  void server.registry.track(`bot ${n}`, 'room:crowd', `bot ${n}`, { status: 'online' })
}
if (http) await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
const { port } = http ? (http.address() as AddressInfo) : await server.listen()
process.stdout.write(`serves on ${tls ? 'https' : 'http'}://127.0.0.1:${port}/\n`)

async function close(): Promise<void> {
  await server.close()
  await store?.close()
  http?.close()
  http?.closeAllConnections()
  process.exit(0)
}
process.on('SIGTERM', () => void close())
