import { createServer, type RollcallServer, type ServerOptions } from '@rollcall/server'
import { onTestFinished } from 'vitest'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** A server on a free port of this machine, closed when the test ends, however it ends. */
export async function startServer(
  options: ServerOptions = {},
): Promise<RollcallServer & { readonly port: number }> {
  const server = createServer({ port: 0, logger: silent, closeTimeoutMs: 200, ...options })
  onTestFinished(() => server.close())
  const { port } = await server.listen()
  return Object.assign(server, { port })
}
