import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Authenticate,
  createServer,
  jwtAuthenticate,
  type Logger,
  type RollcallServer,
  ServerError,
  type ServerOptions,
} from '@rollcall/server'
import { openRoom } from './open-room'
import { answerAsOthers, isOthers } from './others-upgrades'
import { ownChannels } from './own-channels'
import { boundsOf, type Scale } from './scale'

/*
 * The servers that attacks need:
 *
 *   serve     what `rollcall serve` is
 *   own       an application's: channels that decide something, guests, a proxy that it trusts
 *   attached  the same on an HTTP server of the application's own, where other listeners wait for upgrades, too
 */

export type ServerKind = 'serve' | 'own' | 'attached'

/** The only address whose `X-Forwarded-For` the application believes. Elsewhere than on Linux there is no other. */
export const PROXY_ADDRESS = process.platform === 'linux' ? '127.200.0.1' : '127.0.0.1'
/** Milliseconds that `authenticate` takes for a handshake with the param `slowly`. */
export const SLOW_MS = 500
/** A request for this path has the application attach a second server to its HTTP server. */
export const ATTACH_AGAIN = '/attach-again'

export interface ServerSetup {
  readonly secret: string
  readonly scale: Scale
  readonly page?: string
  readonly logger?: Logger
}

export interface StartedServer {
  readonly port: number
  close(): Promise<void>
}

/** Starts a server of this kind on a free port. */
export async function startServer(kind: ServerKind, setup: ServerSetup): Promise<StartedServer> {
  if (kind === 'attached') return startAttached(setup)
  let server: RollcallServer | null = null
  const options = kind === 'serve' ? serveOptions(setup) : ownOptions(setup, () => server)
  server = createServer({ ...options, port: 0 })
  const started = server
  const { port } = await started.listen()
  return { port, close: () => started.close() }
}

async function startAttached(setup: ServerSetup): Promise<StartedServer> {
  const http = createHttpServer((request, response) => {
    if (request.url === ATTACH_AGAIN) return void response.end(attachAgain())
    if (!server.handleRequest(request, response)) response.end('mine')
  })
  const options = ownOptions(setup, () => server)
  const server = createServer({ ...options, server: http })
  http.on('upgrade', (request, socket) => {
    if (isOthers(request)) answerAsOthers(request, socket)
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return {
    port: (http.address() as AddressInfo).port,
    close: async () => {
      await server.close()
      http.closeAllConnections()
      http.close()
    },
  }

  /** As an application does whose module is loaded a second time. The code of the refusal. */
  function attachAgain(): string {
    try {
      createServer({ ...options, server: http })
      return 'attached'
    } catch (error) {
      return error instanceof ServerError ? error.code : String(error)
    }
  }
}

function serveOptions({ secret, scale, page, logger }: ServerSetup): ServerOptions {
  return {
    mode: 'production',
    channels: [openRoom],
    authenticate: jwtAuthenticate({ secret }),
    closeTimeoutMs: 500,
    ...boundsOf(scale),
    ...(page === undefined ? {} : { page }),
    ...(logger === undefined ? {} : { logger }),
  }
}

function ownOptions(setup: ServerSetup, server: () => RollcallServer | null): ServerOptions {
  const { guestsPerAddress, accountStateBytes, stallTimeoutMs } = setup.scale
  const serve = serveOptions(setup)
  return {
    ...serve,
    channels: [...ownChannels({ fill: roomFiller(server) }), openRoom],
    authenticate: authenticateAll(jwtAuthenticate({ secret: setup.secret })),
    trustProxy: [PROXY_ADDRESS],
    handlerTimeoutMs: 500,
    limits: { ...serve.limits, metaBytes: LARGE_META_BYTES + 100 },
    rates: { guestsPerAddress },
    outbox: { accountStateBytes, stallTimeoutMs },
  }
}

/** Who has a token is somebody; what comes from the proxy itself is the operator's; all others are guests. */
function authenticateAll(byToken: Authenticate): Authenticate {
  return async (request) => {
    if (request.params.has('slowly')) await sleep(SLOW_MS)
    if (request.token !== null) return byToken(request)
    if (request.remoteAddress === PROXY_ADDRESS) return { id: 'operator' }
    return { id: `guest-${randomUUID()}`, isGuest: true }
  }
}

/** A state of this many people has far more bytes than the system takes for a peer that reads nothing. */
export const LARGE_ROOM_PEOPLE = 2000
const LARGE_META_BYTES = 3000

/** Makes a topic a room of thousands, the first time that it is asked. */
function roomFiller(server: () => RollcallServer | null): (topic: string) => void {
  let isFilled = false
  return (topic) => {
    const registry = isFilled ? undefined : server()?.registry
    isFilled = true
    const about = 'x'.repeat(LARGE_META_BYTES)
    for (let i = 0; i < LARGE_ROOM_PEOPLE; i++)
      registry?.track(`person-${i}`, topic, `person-${i}`, { about, i })
  }
}
